"""The catalogue of interface kinds. Adding one is a file and a line here."""
