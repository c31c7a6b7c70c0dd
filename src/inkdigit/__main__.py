"""``python -m inkdigit`` is the command line."""

from inkdigit.cli import main

if __name__ == "__main__":
    main()
