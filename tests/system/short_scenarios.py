"""What makes a ready scenario short, for tests that ask whether it works and not what it measures."""

# A scenario that is not here has to be added. None: it can't run on the memory broker, and is short as it is.
SHORT = {
    "acknowledgement": ["repeat=1", "phases.full.for=300ms"],
    "apart": None,
    "backlog-drain": ["phases.build.for=1s"],
    "capacity": ["search={ rate: { from: 100/s, to: 150/s }, settle: 0s, trial: 5s, confirm: 5s }"],
    "concurrent-scaling": ["sweep={ topology.producers: [1, 4] }", "repeat=1", "phases.full.for=500ms"],
    "connection-storm": ["repeat=1", "phases.connected.for=500ms"],
    "consumption-latency": ["sweep={ phases.steady.rate: [500/s, 1k/s] }", "repeat=1", "phases.steady.for=500ms"],
    "fan-out": ["sweep={ topology.subscriptions: [1, 2] }", "repeat=1", "phases.steady.for=500ms"],
    "feature-impact": ["repeat=1", "phases.full.for=300ms"],
    "max-memory": ["phases.warm-up.for=200ms", "phases.full.for=500ms"],
    "mixed-flows": ["phases.warm-up.for=500ms", "phases.steady.for=1s", "phases.peak.for=1s"],
    "production-like": [f"phases.{phase}.for=500ms" for phase in ["night", "morning", "noon", "afternoon", "evening"]],
    "publish-latency-by-size": ["sweep={ message.size: [64, 16KiB] }", "repeat=1", "phases.steady.for=500ms"],
    "publish-throughput-by-count": ["sweep={ phases.count.messages: [10, 1000] }", "repeat=1"],
    "quickstart": ["phases.steady.for=1s"],
    "ramp": ["phases.ramp.for=2s"],
    "spike": ["phases.before.for=500ms", "phases.spike.for=500ms", "phases.after.for=500ms"],
    "sustained-load": ["phases.warm-up.for=500ms", "phases.sustained.for=1s"],
    "two-flows": ["phases.warm-up.for=500ms", "phases.steady.for=1s", "phases.peak.for=500ms"],
}
