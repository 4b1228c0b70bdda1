"""Run the command line with ``python -m autonomaly``."""

from autonomaly.cli import main

if __name__ == "__main__":
    main()
