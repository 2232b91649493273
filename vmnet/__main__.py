"""`vmnet`, and `python -m vmnet`."""

from vmnet.cli import command

if __name__ == "__main__":
    command()
