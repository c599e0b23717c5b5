// The metrics of a server in the text format of Prometheus.

#ifndef WEFT_SERVER_METRICS_PROMETHEUS_H_
#define WEFT_SERVER_METRICS_PROMETHEUS_H_

#include "weft/metrics/prometheus_writer.h"  // IWYU pragma: export
#include "weft/server/metrics/metrics.h"

namespace weft {

// Writes all metrics of a server, with names that begin with "weft_".
void WriteMetrics(const ServerMetrics& metrics, PrometheusWriter* out);

}  // namespace weft

#endif  // WEFT_SERVER_METRICS_PROMETHEUS_H_
