"""The cells: fault x stage x backend x how agents joined, and what each has to come to."""

from dataclasses import dataclass, field

from course import JOINS, STAGES

OF_AGENTS = ["kill-agent", "stop-agent", "stop-agent-long"]
OF_COORDINATOR = ["kill-coordinator", "stop-coordinator", "stop-coordinator-long", "interrupt", "interrupt-twice", "disk-full"]
OF_CONTROL = ["cut-control", "down-control", "down-control-long", "stall-control", "stall-control-long", "slow-control", "garbage", "clock-step"]
OF_BROKER = ["kill-broker", "stop-broker", "cut-broker", "down-broker", "stall-broker", "slow-broker"]
OF_HOST = ["part-host", "part-host-long"]  # Both agents' host, from the coordinator and from the broker at once.
FAULTS = OF_AGENTS + OF_COORDINATOR + OF_CONTROL + OF_BROKER + OF_HOST
STEPPING = ["joining", "detecting", "loading", "draining"]  # What lasts milliseconds can't be met by a step that is planned.
ALONE = ["kill-broker", "stop-broker"]  # They take the broker away, so they have their own.
# How long the fault lasts, where it lasts: whoever makes many cells begins with the short ones.
HELD_S = {"stop-agent": 4, "stop-agent-long": 14, "stop-coordinator": 4, "stop-coordinator-long": 36}
HELD_S.update({f"{verb}-{link}": 5 for verb in ("down", "stall", "slow") for link in ("control", "broker")})
HELD_S.update({"down-control-long": 60, "stall-control-long": 60, "part-host": 5, "part-host-long": 60})
BACKENDS = ["memory", "rabbitmq", "kafka"]


@dataclass
class Cell:
    fault: str
    stage: str
    backend: str
    joined: str
    options: str = ""
    blocks: dict = field(default_factory=dict)

    @property
    def name(self):
        return f"{self.fault}@{self.stage}/{self.backend}/{self.joined}"

    @property
    def links(self):
        if self.fault in OF_HOST:
            return ["control", "broker"]
        return [name for name in ("control", "broker") if self.fault.split("-")[1:2] == [name] and self.fault.split("-")[0] in ("cut", "down", "stall", "slow")]


def _joins(fault, backend):
    """Other backends than memory change nothing about how agents come; a coordinator's own agents have no port."""
    joins = JOINS if backend == "memory" else ["launched", "hosts"]
    if fault in OF_CONTROL:
        return [one for one in joins if one != "launched"]
    if fault in OF_HOST:
        return ["hosts"]
    return ["launched"] if fault in OF_BROKER else joins


def cells():
    found = []
    for fault in FAULTS:
        for backend in BACKENDS:
            if fault in OF_BROKER + OF_HOST and backend == "memory":
                continue
            for joined in _joins(fault, backend):
                for stage in STAGES:
                    if fault in OF_BROKER + OF_HOST and stage == "joining":
                        continue  # Nobody knows of a broker then.
                    if fault == "clock-step" and stage not in STEPPING:
                        continue
                    options = "session_timeout: 6s" if backend == "kafka" else ""
                    found.append(Cell(fault, stage, backend, joined, options))
    return found


@dataclass
class Outcome:
    """codes: of the coordinator, any of them. words: a pattern that is in what the run says. exact: every message came, once.
    resumed: it is gone on with, and passes. blames: what is missing is the broker's, and admitted."""

    codes: tuple
    words: str = ""
    exact: bool = False
    resumed: bool = False
    blames: bool = False


GOES_ON = Outcome((0,), exact=True)
MISSING = Outcome((4,), "only [01] of 2 agents joined")
LOST = r"(one|two|agent-\d) (was lost: |did not answer in time)"


def _of_agent(cell):
    if cell.stage == "reporting":
        return GOES_ON  # Nobody is needed any more.
    if cell.fault == "stop-agent":
        return GOES_ON
    if cell.fault == "kill-agent" and cell.stage == "joining" and cell.joined == "hosts":
        return GOES_ON
    if cell.stage == "joining" and cell.joined == "listen":  # Who only stands still has its place until it is lost.
        return MISSING if cell.fault == "kill-agent" else Outcome((4,), MISSING.words + "|" + LOST)
    if cell.stage == "joining" and cell.joined == "launched":  # Before or after its hello.
        return Outcome((4,), "only [01] of 2 agents came|" + LOST) if cell.fault == "kill-agent" else Outcome((0, 4), "PASS|" + LOST)
    if cell.stage == "closing" and cell.joined == "hosts":
        return Outcome((0, 4), "PASS|" + LOST)  # It may have handed in all that it had, and nobody waits for it.
    return Outcome((4,), LOST)


def _is_waited_for(cell):
    """Hosts dial anew, for ever, and a run waits for them for two minutes."""
    return cell.stage == "joining" and cell.joined == "hosts"


def _of_coordinator(cell):
    if cell.fault == "kill-coordinator":
        return Outcome((-9,), exact=True, resumed=True)
    if cell.fault == "stop-coordinator":
        return GOES_ON
    if cell.fault == "stop-coordinator-long":
        if cell.stage == "joining" and cell.joined != "hosts":  # Agents that do not stay give it up before they are its own.
            return MISSING
        if cell.stage == "closing" and cell.joined == "hosts":
            return Outcome((0, 4), "PASS|" + LOST)  # They may have handed in all that they had before.
        return GOES_ON if cell.stage == "reporting" or _is_waited_for(cell) else Outcome((4,), LOST)
    if cell.fault == "disk-full":
        return Outcome((4,), "No space left")
    # In the last stages there is nothing left to be interrupted. Who asks twice is not told.
    late = cell.stage in ("closing", "reporting")
    return Outcome((0, 130) if late else (130,), "" if late or cell.fault == "interrupt-twice" else "(?i)interrupted")


def _of_control(cell):
    lasts = cell.fault.endswith("-long") and cell.stage != "reporting" and not _is_waited_for(cell)
    if lasts and cell.stage == "joining":  # They are waited for a minute, and come through that link.
        return Outcome((4,), MISSING.words + "|" + LOST)
    return Outcome((4,), LOST) if lasts else GOES_ON


def _of_broker(cell):
    if cell.stage == "reporting":
        return GOES_ON  # Nobody asks it any more.
    if cell.stage == "loading" and cell.fault in ("kill-broker", "cut-broker", "down-broker"):
        return Outcome((1,), blames=True)  # A connection that breaks under load is an error at least.
    if cell.stage in ("detecting", "preparing"):  # What was not asked of it just then is not lost.
        return Outcome((0, 1, 4), blames=True)
    return Outcome((0, 1), blames=True)


def _of_host(cell):
    """Short: as if the broker alone had been silent. Long: both agents are lost."""
    if cell.fault == "part-host-long" and cell.stage != "reporting":
        return Outcome((4,), LOST)
    return _of_broker(cell)


def expected(cell):
    if cell.fault in OF_AGENTS:
        return _of_agent(cell)
    if cell.fault in OF_COORDINATOR:
        return _of_coordinator(cell)
    if cell.fault in OF_HOST:
        return _of_host(cell)
    return _of_control(cell) if cell.fault in OF_CONTROL else _of_broker(cell)
