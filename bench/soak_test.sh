#!/bin/bash
# Five seconds of what //bench:soak does for ten minutes.
exec bench/soak --duration=5s
