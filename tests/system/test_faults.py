"""A quarter of the cells of tests/system/faults on memory and RabbitMQ: agents, coordinators and brokers that are lost at each stage
of a run, disks that are full, Ctrl-C, links that are cut, strangers at the port. `tests/system/faults/run --all`: every cell."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "faults"))

# pylint: disable=wrong-import-position
import bed
import short

short.define("memory", "rabbitmq")

bed.main()
