"""`python3 -m kolla_lite` is `kolla-lite`, and in a checkout needs nothing but Python."""

from kolla_lite import selfsetup

# The rest of the package needs third-party modules, so it is imported only after this.
if not selfsetup.is_installed():
    selfsetup.enter("kolla_lite")

from kolla_lite.cli.main import main

main()
