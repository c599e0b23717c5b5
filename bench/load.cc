// The load generator: opens many connections to an echo server, keeps messages going around on
// them, checks every byte of the echoes and reports its measurements. One thread.

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/bench/client_run.h"
#include "weft/bench/deaf.h"
#include "weft/bench/engine/echo_run.h"
#include "weft/bench/engine/echo_stream.h"
#include "weft/bench/engine/process.h"
#include "weft/bench/engine/rate_schedule.h"
#include "weft/bench/fanout_run.h"
#include "weft/bench/idle_clients.h"
#include "weft/bench/open.h"
#include "weft/core/http/url.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

ABSL_FLAG(std::string, url, "ws://127.0.0.1:8080/", "the echo server, ws:// or wss://");
ABSL_FLAG(std::string, raw, "",
          "HOST:PORT of a bare TCP server instead: raw_echo, or for some scenarios raw_fanout, "
          "raw_accept");
ABSL_FLAG(bool, tls, false, "use TLS with --raw; a wss:// URL implies it");
ABSL_FLAG(std::string, ca, "",
          "a PEM file with the CA of the server's certificate; empty: not checked");
ABSL_FLAG(
    std::string, scenario, "echo",
    "echo: messages per second, and round trips; fanout: deliveries per second, if one "
    "connection sends to all; idle: memory per connection, before and after one echo on each; "
    "open: CPU time per connection; paced: round trips if each connection sends --rate "
    "messages per second, with --deaf further ones that read nothing");
ABSL_FLAG(bool, async, false,
          "--scenario=echo or idle: on Weft's asynchronous client instead of sockets of its own");
ABSL_FLAG(int, connections, 100, "connections");
ABSL_FLAG(int, concurrency, 64, "connections opened at the same time");
ABSL_FLAG(bool, keep, true, "--scenario=open: keep the connections until all are open");
ABSL_FLAG(int64_t, payload, 20, "bytes per message (--scenario=idle: usually 1024)");
ABSL_FLAG(int, depth, 1, "messages in flight on each connection");
ABSL_FLAG(double, rate, 1, "--scenario=paced: messages per second on each connection");
ABSL_FLAG(int, deaf, 0,
          "--scenario=paced: further connections that send 64 KiB messages and read nothing");
ABSL_FLAG(std::string, mode, "binary", "binary; text: ASCII; mixed_text: UTF-8 of many scripts");
ABSL_FLAG(double, warmup, 1, "seconds of echoing before measuring");
ABSL_FLAG(double, duration, 5, "seconds of echoing while measuring");
ABSL_FLAG(int, pid, 0, "the server's process, to measure its CPU time and memory; 0: do not");
ABSL_FLAG(int, pin, -1, "the processor to run on; -1 for any");
ABSL_FLAG(bool, json, false, "print one JSON object");

namespace weft::bench {
namespace {

// The figures measured, in output order.
using Report = std::vector<std::pair<std::string, double>>;

void Print(const Report& report) {
  if (!absl::GetFlag(FLAGS_json)) {
    for (const auto& [name, value] : report) absl::PrintF("%-34s %.15g\n", name, value);
    return;
  }
  const char* separator = "{";
  for (const auto& [name, value] : report) {
    absl::PrintF("%s\"%s\": %.15g", std::exchange(separator, ", "), name, value);
  }
  absl::PrintF("}\n");
}

// The resources used up to a moment.
struct Usage {
  absl::Time time;
  double server_cpu = 0;  // seconds, as is the next
  double load_cpu = 0;
  int64_t server_memory = 0;  // resident bytes, as is the next
  int64_t load_memory = 0;
};

absl::StatusOr<Usage> MeasureUsage() {
  Usage usage;
  const absl::StatusOr<double> load_cpu = CpuSeconds(getpid());
  if (!load_cpu.ok()) return load_cpu.status();
  usage.load_cpu = *load_cpu;
  const absl::StatusOr<int64_t> load_memory = ResidentBytes(getpid());
  if (!load_memory.ok()) return load_memory.status();
  usage.load_memory = *load_memory;
  if (const int pid = absl::GetFlag(FLAGS_pid); pid != 0) {
    const absl::StatusOr<int64_t> memory = ResidentBytes(pid);
    if (!memory.ok()) return memory.status();
    usage.server_memory = *memory;
    const absl::StatusOr<double> cpu = CpuSeconds(pid);
    if (!cpu.ok()) return cpu.status();
    usage.server_cpu = *cpu;
  }
  usage.time = absl::Now();
  return usage;
}

// The same, once the server is idle: its work after the last answer counts too, and by then the
// kernel has accounted for all of it.
absl::StatusOr<Usage> MeasureUsageAtRest() {
  absl::StatusOr<Usage> usage = MeasureUsage();
  for (int i = 0; i < 100; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    absl::StatusOr<Usage> next = MeasureUsage();
    if (!usage.ok() || !next.ok()) return next;
    if (std::exchange(usage, next)->server_cpu == next->server_cpu) break;
  }
  return usage;
}

absl::StatusOr<PayloadKind> Mode() {
  const std::string mode = absl::GetFlag(FLAGS_mode);
  if (mode == "binary") return PayloadKind::kBinary;
  if (mode == "text") return PayloadKind::kText;
  if (mode == "mixed_text") return PayloadKind::kMixedText;
  return absl::InvalidArgumentError(
      absl::StrCat("--mode is \"", mode, "\", not binary, text or mixed_text"));
}

// Chooses an address of the name that accepts connections, by opening a connection and closing it.
absl::StatusOr<SocketAddress> AddressOf(const Url& url) {
  if (!url.unix_path.empty()) {
    return absl::UnimplementedError("--url is a Unix socket, but the load needs TCP");
  }
  if (auto address = SocketAddress::FromIp(url.host, url.port); address.ok()) return address;
  const absl::StatusOr<Stream> stream =
      ConnectTo(url.host, url.port, Deadline::After(absl::Seconds(10)));
  if (!stream.ok()) return stream.status();
  return PeerAddress(stream->fd());
}

absl::StatusOr<std::shared_ptr<TlsContext>> ClientTls() {
  const std::string ca = absl::GetFlag(FLAGS_ca);
  return TlsContext::ForClient({.ca_file = ca, .dangerously_accept_any_certificate = ca.empty()});
}

// The server of --url or --raw, and the greeting that it expects.
absl::StatusOr<OpenOptions> Target(const Greeting& raw_greeting) {
  const std::string raw = absl::GetFlag(FLAGS_raw);
  const absl::StatusOr<Url> url =
      ParseUrl(raw.empty() ? absl::GetFlag(FLAGS_url)
                           : absl::StrCat(absl::GetFlag(FLAGS_tls) ? "wss://" : "ws://", raw));
  if (!url.ok()) return url.status();
  const absl::StatusOr<SocketAddress> address = AddressOf(*url);
  if (!address.ok()) return address.status();
  OpenOptions options = {.server = *address, .greeting = raw_greeting};
  if (raw.empty()) options.greeting = Greeting::WebSocket(HostHeader(*url), url->resource);
  if (url->secure) {
    absl::StatusOr<std::shared_ptr<TlsContext>> context = ClientTls();
    if (!context.ok()) return context.status();
    options.tls = *std::move(context);
    options.tls_name = url->host;
  }
  options.connections = absl::GetFlag(FLAGS_connections);
  options.concurrency = absl::GetFlag(FLAGS_concurrency);
  return options;
}

// The connections of a run.
absl::StatusOr<std::vector<Stream>> OpenAll() {
  const absl::StatusOr<OpenOptions> target = Target(Greeting::None());
  if (!target.ok()) return target.status();
  return Open(*target);
}

// The resources used when the measured part of a run began, and when it ended.
struct Used {
  Usage before;
  Usage after;
};

// Warms up `run`, and measures it. `run_for` lets it run for a time.
template <typename Run, typename RunFor>
absl::StatusOr<Used> MeasureRun(Run& run, RunFor run_for) {
  if (absl::Status s = run_for(absl::Seconds(absl::GetFlag(FLAGS_warmup))); !s.ok()) return s;
  run.ResetCounts();
  const absl::StatusOr<Usage> before = MeasureUsage();
  if (!before.ok()) return before.status();
  if (absl::Status s = run_for(absl::Seconds(absl::GetFlag(FLAGS_duration))); !s.ok()) return s;
  const absl::StatusOr<Usage> after = MeasureUsage();
  if (!after.ok()) return after.status();
  return Used{*before, *after};
}

// The same connections on the asynchronous client.
absl::StatusOr<ClientRunOptions> ClientRunTarget(const EchoStreamOptions& stream) {
  absl::StatusOr<std::shared_ptr<TlsContext>> tls = ClientTls();
  if (!tls.ok()) return tls.status();
  return ClientRunOptions{.url = absl::GetFlag(FLAGS_url),
                          .tls = *std::move(tls),
                          .connections = static_cast<size_t>(absl::GetFlag(FLAGS_connections)),
                          .concurrency = static_cast<size_t>(absl::GetFlag(FLAGS_concurrency)),
                          .kind = stream.kind,
                          .payload = stream.payload,
                          .depth = stream.depth};
}

template <typename Run>
absl::StatusOr<Report> MeasureEcho(Run& run) {
  if (absl::Status status = run.Start(); !status.ok()) return status;
  const absl::StatusOr<Used> used =
      MeasureRun(run, [&](absl::Duration time) { return run.RunFor(time); });
  if (!used.ok()) return used.status();
  const double messages = run.messages();
  const Histogram round_trips = run.round_trips();
  if (absl::Status status = run.Drain(); !status.ok()) return status;

  const double seconds = absl::ToDoubleSeconds(used->after.time - used->before.time);
  const double server_cpu = used->after.server_cpu - used->before.server_cpu;
  Report report = {{"seconds", seconds},
                   {"messages", messages},
                   {"messages_per_second", messages / seconds},
                   {"p50_us", round_trips.Percentile(0.5) / 1e3},
                   {"p99_us", round_trips.Percentile(0.99) / 1e3},
                   {"p99.9_us", round_trips.Percentile(0.999) / 1e3},
                   {"load_cpu_seconds", used->after.load_cpu - used->before.load_cpu}};
  if (absl::GetFlag(FLAGS_pid) != 0) {
    report.emplace_back("server_cpu_seconds", server_cpu);
    report.emplace_back("messages_per_server_cpu_second", messages / server_cpu);
    report.emplace_back("server_resident_bytes", used->after.server_memory);
  }
  return report;
}

absl::StatusOr<Report> EchoScenario(const EchoStreamOptions& options) {
  if (absl::GetFlag(FLAGS_async)) {
    const absl::StatusOr<ClientRunOptions> target = ClientRunTarget(options);
    if (!target.ok()) return target.status();
    absl::StatusOr<std::unique_ptr<ClientRun>> run = ClientRun::Open(*target);
    if (!run.ok()) return run.status();
    return MeasureEcho(**run);
  }
  absl::StatusOr<std::vector<Stream>> streams = OpenAll();
  if (!streams.ok()) return streams.status();
  const EchoStream stream(options);
  EchoRun run(stream, absl::GetFlag(FLAGS_depth), absl::MakeSpan(*streams));
  return MeasureEcho(run);
}

absl::StatusOr<Report> FanoutScenario(const EchoStream& stream) {
  absl::StatusOr<std::vector<Stream>> streams = OpenAll();
  if (!streams.ok()) return streams.status();

  FanoutRun run(stream, absl::GetFlag(FLAGS_depth), absl::MakeSpan(*streams));
  const absl::StatusOr<Used> used =
      MeasureRun(run, [&](absl::Duration time) { return run.RunFor(time); });
  if (!used.ok()) return used.status();
  const double deliveries = run.deliveries();
  const Histogram delays = run.delays();
  if (absl::Status status = run.Drain(); !status.ok()) return status;

  const double seconds = absl::ToDoubleSeconds(used->after.time - used->before.time);
  const double server_cpu = used->after.server_cpu - used->before.server_cpu;
  Report report = {{"seconds", seconds},
                   {"deliveries", deliveries},
                   {"deliveries_per_second", deliveries / seconds},
                   {"p50_us", delays.Percentile(0.5) / 1e3},
                   {"p99_us", delays.Percentile(0.99) / 1e3},
                   {"load_cpu_seconds", used->after.load_cpu - used->before.load_cpu}};
  if (absl::GetFlag(FLAGS_pid) != 0) {
    report.emplace_back("deliveries_per_server_cpu_second", deliveries / server_cpu);
    report.emplace_back("server_cpu_ns_per_delivery", server_cpu / deliveries * 1e9);
  }
  return report;
}

Report IdleReport(const Usage& empty, const Usage& opened, const Usage& echoed) {
  const double count = absl::GetFlag(FLAGS_connections);
  const auto each = [&](const Usage& usage) {
    return (usage.server_memory - empty.server_memory) / count;
  };
  const auto each_of_load = [&](const Usage& usage) {
    return (usage.load_memory - empty.load_memory) / count;
  };
  return Report{{"connections", count},
                {"empty_server_resident_bytes", static_cast<double>(empty.server_memory)},
                {"bytes_per_connection", each(opened)},
                {"bytes_per_connection_after_echo", each(echoed)},
                {"load_bytes_per_connection", each_of_load(opened)},
                {"load_bytes_per_connection_after_echo", each_of_load(echoed)}};
}

// The echo is a part of the opening.
absl::StatusOr<Report> IdleClientsScenario(const EchoStreamOptions& options) {
  const absl::StatusOr<ClientRunOptions> target = ClientRunTarget(options);
  if (!target.ok()) return target.status();
  const absl::StatusOr<std::unique_ptr<IdleClients>> clients = IdleClients::Make(*target);
  if (!clients.ok()) return clients.status();
  const absl::StatusOr<Usage> empty = MeasureUsageAtRest();
  if (!empty.ok()) return empty.status();
  if (absl::Status status = (*clients)->Open(); !status.ok()) return status;
  const absl::StatusOr<Usage> echoed = MeasureUsageAtRest();
  if (!echoed.ok()) return echoed.status();
  return IdleReport(*empty, *echoed, *echoed);
}

absl::StatusOr<Report> IdleScenario(const EchoStreamOptions& options) {
  if (absl::GetFlag(FLAGS_pid) == 0) {
    return absl::InvalidArgumentError("--scenario=idle requires --pid, whose memory it measures");
  }
  if (absl::GetFlag(FLAGS_async)) return IdleClientsScenario(options);
  const absl::StatusOr<OpenOptions> target = Target(Greeting::None());
  if (!target.ok()) return target.status();
  const absl::StatusOr<Usage> empty = MeasureUsageAtRest();
  if (!empty.ok()) return empty.status();
  absl::StatusOr<std::vector<Stream>> streams = Open(*target);
  if (!streams.ok()) return streams.status();
  const EchoStream stream(options);
  EchoRun run(stream, 1, absl::MakeSpan(*streams));
  const absl::StatusOr<Usage> opened = MeasureUsageAtRest();
  if (!opened.ok()) return opened.status();
  if (absl::Status status = run.Start(1); !status.ok()) return status;
  if (absl::Status status = run.Drain(); !status.ok()) return status;
  const absl::StatusOr<Usage> echoed = MeasureUsageAtRest();
  if (!echoed.ok()) return echoed.status();
  return IdleReport(*empty, *opened, *echoed);
}

absl::StatusOr<Report> PacedScenario(const EchoStreamOptions& options) {
  // Allows many messages in flight, so that a slow echo does not delay the next message.
  constexpr size_t kDepth = 16;
  absl::StatusOr<OpenOptions> target = Target(Greeting::None());
  if (!target.ok()) return target.status();
  absl::StatusOr<std::vector<Stream>> streams = Open(*target);
  if (!streams.ok()) return streams.status();
  target->connections = absl::GetFlag(FLAGS_deaf);
  absl::StatusOr<std::vector<Stream>> deaf_streams = Open(*target);
  if (!deaf_streams.ok()) return deaf_streams.status();

  const EchoStream large({.payload = 64 << 10, .raw = options.raw});
  Deaf deaf(large, *std::move(deaf_streams));
  EchoStreamOptions paced = options;
  paced.depth = kDepth;
  const EchoStream stream(paced);
  EchoRun run(stream, kDepth, absl::MakeSpan(*streams));
  const RateSchedule schedule(absl::GetFlag(FLAGS_rate) * absl::GetFlag(FLAGS_connections));
  if (absl::Status status = run.StartPaced(schedule); !status.ok()) return status;
  const auto run_for = [&](absl::Duration time) -> absl::Status {
    const absl::Time end = absl::Now() + time;
    while (absl::Now() < end) {
      deaf.Push(1 << 20);
      absl::Status status = run.RunFor(absl::Milliseconds(10));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  };
  const absl::StatusOr<Used> used = MeasureRun(run, run_for);
  if (!used.ok()) return used.status();
  if (absl::Status status = run.Drain(); !status.ok()) return status;

  const Histogram& round_trips = run.round_trips();
  const double seconds = absl::ToDoubleSeconds(used->after.time - used->before.time);
  Report report = {{"seconds", seconds},
                   {"messages", run.messages()},
                   {"p50_us", round_trips.Percentile(0.5) / 1e3},
                   {"p99_us", round_trips.Percentile(0.99) / 1e3},
                   {"p99.9_us", round_trips.Percentile(0.999) / 1e3},
                   {"max_us", round_trips.Percentile(1) / 1e3},
                   {"deaf_bytes_sent", deaf.sent()},
                   {"deaf_dropped", deaf.dropped()},
                   {"load_cpu_seconds", used->after.load_cpu - used->before.load_cpu}};
  if (absl::GetFlag(FLAGS_pid) != 0) {
    report.emplace_back("server_cpu_seconds", used->after.server_cpu - used->before.server_cpu);
    report.emplace_back("server_resident_bytes_before", used->before.server_memory);
    report.emplace_back("server_resident_bytes_after", used->after.server_memory);
  }
  return report;
}

absl::StatusOr<Report> OpenScenario() {
  absl::StatusOr<OpenOptions> target = Target(Greeting::Bare());
  if (!target.ok()) return target.status();
  target->keep = absl::GetFlag(FLAGS_keep);
  const absl::StatusOr<Usage> before = MeasureUsageAtRest();
  if (!before.ok()) return before.status();
  const absl::Time start = absl::Now();
  const absl::StatusOr<std::vector<Stream>> streams = Open(*target);
  if (!streams.ok()) return streams.status();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const absl::StatusOr<Usage> after = MeasureUsageAtRest();
  if (!after.ok()) return after.status();

  const double count = target->connections;
  Report report = {
      {"connections", count},
      {"connections_per_second", count / seconds},
      {"load_cpu_us_per_connection", (after->load_cpu - before->load_cpu) * 1e6 / count}};
  if (absl::GetFlag(FLAGS_pid) != 0) {
    report.emplace_back("server_cpu_us_per_connection",
                        (after->server_cpu - before->server_cpu) * 1e6 / count);
  }
  return report;
}

absl::StatusOr<Report> Run() {
  if (absl::GetFlag(FLAGS_connections) < 1 || absl::GetFlag(FLAGS_depth) < 1 ||
      absl::GetFlag(FLAGS_concurrency) < 1 || absl::GetFlag(FLAGS_payload) < 0 ||
      absl::GetFlag(FLAGS_rate) <= 0 || absl::GetFlag(FLAGS_deaf) < 0) {
    return absl::InvalidArgumentError(
        "--connections, --depth, --concurrency and --rate must be positive, --payload and --deaf "
        "not negative");
  }
  if (const int cpu = absl::GetFlag(FLAGS_pin); cpu >= 0) {
    if (absl::Status status = PinToCpu(cpu); !status.ok()) return status;
  }
  // As many connections as the system allows this process.
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  const std::string scenario = absl::GetFlag(FLAGS_scenario);
  const bool on_client = scenario == "echo" || scenario == "idle";
  if (absl::GetFlag(FLAGS_async) && (!on_client || !absl::GetFlag(FLAGS_raw).empty())) {
    return absl::InvalidArgumentError(
        "--async is for a WebSocket server and --scenario=echo or idle");
  }
  if (scenario == "open") return OpenScenario();
  const absl::StatusOr<PayloadKind> kind = Mode();
  if (!kind.ok()) return kind.status();
  const EchoStreamOptions options = {.kind = *kind,
                                     .payload = static_cast<size_t>(absl::GetFlag(FLAGS_payload)),
                                     .depth = static_cast<size_t>(absl::GetFlag(FLAGS_depth)),
                                     .raw = !absl::GetFlag(FLAGS_raw).empty()};
  if (scenario == "paced") return PacedScenario(options);
  if (scenario == "echo") return EchoScenario(options);
  if (scenario == "fanout") return FanoutScenario(EchoStream(options));
  if (scenario == "idle") return IdleScenario(options);
  return absl::InvalidArgumentError(
      absl::StrCat("--scenario is \"", scenario, "\", not echo, fanout, idle, open or paced"));
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Loads a WebSocket echo server and measures it.");
  absl::ParseCommandLine(argc, argv);
  const absl::StatusOr<weft::bench::Report> report = weft::bench::Run();
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", report.status().ToString().c_str());
    return 1;
  }
  weft::bench::Print(*report);
  return 0;
}
