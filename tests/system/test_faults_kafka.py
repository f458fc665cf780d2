"""The cells of tests/system/faults that are made at every change, on Kafka."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "faults"))

# pylint: disable=wrong-import-position
import bed
import short

short.define("kafka")

bed.main()
