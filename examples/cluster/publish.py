#!/usr/bin/env python3
"""Publishes a text to a topic of Weft's clients, without Weft: publish.py HOST PORT TOPIC TEXT. See docs/cluster_wire.md."""
import os, secrets, struct, sys, time  # noqa: E401
import redis

host, port, topic, text = sys.argv[1:]
client = redis.Redis(host, int(port), single_connection_client=True)
with open(os.path.join(os.path.dirname(__file__), "../../cluster/redis/topic.lua")) as lua:
    script = client.register_script(lua.read())
meta, history, channel = (f"weft:{kind}:{{{topic}}}" for kind in "mhc")
envelope = struct.pack(">BBQ", 1, 0, int(time.time() * 1000)) + text.encode()
history_id = client.info("server")["run_id"][:20] + client.info("replication")["master_replid"][:20]
arguments = ["publish", history_id, secrets.token_hex(4), 100, 300000, channel, envelope]
epoch, offset = script(keys=[meta, history], args=arguments)
print(f"{epoch.decode()}.{offset}")
