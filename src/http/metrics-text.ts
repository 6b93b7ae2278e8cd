/** Numbers of the service in the Prometheus text format 0.0.4. */

import type { ServiceMetrics } from "../service/service.js";

interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

export function metricsText(
  metrics: ServiceMetrics,
  service: { readonly version: string; readonly startedAt: number },
): string {
  return metricsOf(metrics, service).map(formatMetric).join("");
}

function metricsOf(
  metrics: ServiceMetrics,
  service: { readonly version: string; readonly startedAt: number },
): readonly Metric[] {
  const { workers } = metrics;
  return [
    {
      name: "turnpike_build_info",
      type: "gauge",
      help: "Always 1; the label tells the version.",
      samples: [{ labels: { version: service.version }, value: 1 }],
    },
    ...(workers === null
      ? []
      : [
          gauge(
            "turnpike_workers",
            "Processes that take tasks, on all machines.",
            workers.processes,
          ),
          gauge("turnpike_lanes", "Collections they can run at once.", workers.lanes),
          gauge("turnpike_lanes_busy", "Lanes that work on a task now.", workers.busyLanes),
        ]),
    gauge("turnpike_open_runs", "Runs that have not ended.", metrics.openRuns),
    {
      name: "turnpike_runs_ended_total",
      type: "counter",
      help: "Runs ended since the start of this process, by verdict.",
      samples: Object.entries(metrics.runsEnded).map(([verdict, value]) => ({
        labels: { verdict },
        value,
      })),
    },
    counter(
      "turnpike_requests_total",
      "Requests sent by collections since the start of this process.",
      metrics.requests,
    ),
    counter(
      "turnpike_assertions_total",
      "Assertions made since the start of this process.",
      metrics.assertions,
    ),
    gauge("process_resident_memory_bytes", "Memory this process holds.", metrics.residentBytes),
    gauge(
      "process_start_time_seconds",
      "Start of the process, seconds since the epoch.",
      service.startedAt / 1000,
    ),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, type: "gauge", help, samples: [{ value }] };
}

function counter(name: string, help: string, value: number): Metric {
  return { name, type: "counter", help, samples: [{ value }] };
}

function formatMetric({ name, type, help, samples }: Metric): string {
  const lines = samples.map(
    ({ labels, value }) => `${name}${formatLabels(labels ?? {})} ${String(value)}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
