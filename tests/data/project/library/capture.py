#!/usr/bin/python
# The action plugin of this name does the work.
