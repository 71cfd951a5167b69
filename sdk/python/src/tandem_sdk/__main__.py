"""``python -m tandem_sdk``: see :mod:`tandem_sdk.build`."""

import sys

from .build import main

sys.exit(main())
