#!/bin/bash
# Runs //bench:soak for five seconds instead of ten minutes.
exec bench/soak --duration=5s
