"""What `./dev` needs on a machine where nothing is prepared. Runs on any system's python3 from 3.10, stdlib only."""
