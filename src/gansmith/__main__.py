"""`python -m gansmith` is the command line."""

from gansmith.cli import main

if __name__ == "__main__":
    main()
