"""``inkdigit doctor``."""

from inkdigit.cli.examples import with_examples


@with_examples("inkdigit doctor")
def doctor() -> int:
    """Check what this machine has.

    Exits with 3 if reading would not work.
    """
    from inkdigit.cli.checks import CHECKS

    sound = True
    for name, check in CHECKS.items():
        finding = check()
        print(f"{'ok  ' if finding.sound else '--  '} {name:<12} {finding.words}")
        sound = sound and (finding.sound or not finding.needed)
    return 0 if sound else 3
