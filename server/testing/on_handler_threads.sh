#!/bin/bash
# Runs a test of ServerFixture, whose path is the first word, with handlers on threads of their own.
WEFT_HANDLER_THREADS=1 exec "$@"
