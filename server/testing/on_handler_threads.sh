#!/bin/bash
# Runs a test of ServerFixture, whose path is the first argument, with handler threads.
WEFT_HANDLER_THREADS=1 exec "$@"
