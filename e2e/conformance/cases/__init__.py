"""The table: every case, group by group."""

from cases import closing, control, fragmentation, framing, handshake, limits, messages, utf8

GROUPS = [handshake, framing, control, fragmentation, utf8, closing, limits, messages]


def all_cases(options, peer):
    """The cases for a peer of this role."""
    found = [case for group in GROUPS for case in group.cases(options) if peer in case.peers]
    ids = [case.id for case in found]
    twice = {one for one in ids if ids.count(one) > 1} if len(set(ids)) < len(ids) else ()
    assert not twice, f"cases of the same id: {sorted(twice)}"
    return found
