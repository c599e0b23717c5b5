"""check_tests: a server and a client of one implementation, by a sample of the cases and by all of them."""

load("//e2e:e2e_test.bzl", "e2e_test")

def check_tests(name, peers, server = {}, client = {}, control = None, options = []):
    """Makes the tests NAME_server_test and NAME_client_test, and those of NAME_..._whole_test, which must be asked for.

    Args:
      name: of the implementation.
      peers: as e2e_test has them.
      server: the environment that names the server to test.
      client: the environment that names the client to test.
      control: instead of both, a peer of //e2e/interop/peers that differences.py knows by this name.
      options: further words for the checks.
    """
    programs = {"CONTROL": control} if control else {}
    data = [":suite"] + (["//e2e/interop/peers:library"] if control else [])
    args = ["--quiet", "--control=" + name if control else "--strict"] + options
    for role, of_role in {"client": client, "server": server}.items():
        if not of_role and not control:
            continue
        for suffix, more_args, tags in [("test", ["--short"], []), ("whole_test", [], ["manual"])]:
            e2e_test(
                name = "_".join([name, role, suffix]),
                args = args + more_args,
                data = data,
                driver = role + "_check.py",
                peers = peers,
                programs = dict(programs, **of_role),
                tags = tags,
            )
