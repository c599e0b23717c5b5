#!/bin/bash
# tools/options on a made-up tree: what it finds, and what it leaves alone.

set -euo pipefail
options=$PWD/tools/options
cd -- "$(mktemp -d -p "$TEST_TMPDIR")"

mkdir -p tree/{server,docs}
cat >tree/server/server_options.h <<'END'
struct ServerLimits {
  // The maximum; 0 is refused.
  size_t max_connections = 1000;
  size_t max_bytes = size_t{3} << 20;  // of all
  size_t max_headers = std::numeric_limits<size_t>::max();
  bool any() const { return max_bytes > 0; }
  bool operator==(const ServerLimits&) const = default;
};

struct Unused {
  int number = 0;
};

struct ServerOptions {
  enum class Kind { kOne, kTwo };
  Kind kind = Kind::kOne;
  std::string address = "127.0.0.1";
  std::vector<std::pair<std::string, int>> more{};
  absl::Duration wait = absl::Seconds(30);
  absl::Duration idle = absl::InfiniteDuration();
  int (*random)() = Random;
  const Clock* clock = &Clock::Steady();
  std::function<void(int)> hook{};
  bool fast = false;
  ServerLimits limits{};
};
END
cat >tree/docs/options.md <<'END'
# Options
### Limits: `ServerLimits`
| option | default | meaning |
|---|---|---|
| `limits.max_connections` | 1,000 | connections |
| `limits.max_bytes` | 3 MiB | bytes |
| `limits.max_headers` | no limit | headers |
### `ServerOptions`
| `kind` | `kOne` | one or two |
| `address` | `"127.0.0.1"` | where |
| `more` | empty | and where else |
| `wait` | 30 s | a time |
| `idle` | no limit | a time |
| `random` | `Random` | a function |
| `clock` | `Clock::Steady()` | the time |
| `hook` | none | a function |
| `fast` | off | or not |
| `limits` | see `ServerLimits` | sizes |
### Other
| `limits.max_bytes` | is not looked at here |
END
echo '`limits.max_bytes`, `options.limits.x`, limits.none, `limits.h`' >tree/docs/right.md
echo 'Fail("limits.max_bytes is 0"); // limits.none' >tree/server/right.cc
"$options" tree

echo '`limits.none`' >>tree/docs/right.md
echo 'Fail("see limits.more");' >>tree/server/right.cc
sed -i 's/1,000/1000/; s/max_bytes` | 3/max_byte` | 3/; s/| `kOne` | one or two/| `kOne`/' tree/docs/options.md
sed -i 's/^  absl::Duration idle.*//; s/ServerLimits limits/Unused unused{};\n  ServerLimits limits/' tree/server/server_options.h
echo '### `None`' >>tree/docs/options.md
if output=$("$options" tree); then
  echo "nothing was found"
  exit 1
fi
diff - <(echo "$output") <<'END'
docs/options.md:9: not a row of option, default and meaning
docs/options.md: no table of Unused
docs/options.md:5: the default of `max_connections` is 1,000, not 1000
docs/options.md: ServerLimits has no row for `max_bytes`, whose default is 3 MiB
docs/options.md:6: ServerLimits has no field `max_byte`
docs/options.md: ServerOptions has no row for `kind`, whose default is `kOne`
docs/options.md: ServerOptions has no row for `unused`, whose default is see `Unused`
docs/options.md:13: ServerOptions has no field `idle`
docs/options.md: no header has a struct None
docs/options.md:6: there is no option limits.max_byte
docs/right.md:2: there is no option limits.none
server/right.cc:2: there is no option limits.more
END
