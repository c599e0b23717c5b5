"""The table: every case, group by group."""

from cases import (
    agreement,
    closing,
    compression,
    control,
    fragmentation,
    framing,
    limits,
    messages,
    requests,
    responses,
    utf8,
)

_GROUPS = [
    requests,
    responses,
    framing,
    control,
    fragmentation,
    utf8,
    closing,
    limits,
    messages,
    agreement,
    compression,
]


def all_cases(options, peer):
    """The cases that apply to a peer of this role."""
    return [case for group in _GROUPS for case in group.cases(options) if peer in case.peers]
