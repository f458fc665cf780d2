"""What stands for a cluster of Kubernetes: no cluster can be made here. It keeps what kubectl_stand_in.py brings, and makes the pods
of a Job for real: their command lines run in a root made as deploy/k8s/Containerfile says, of the archive of deploy/package, as the
user and with the Secret's file that their manifest asks for, each in a host of a lab. It does what the documents of Kubernetes say
of Jobs, owners and kubectl, as far as the launcher asks for it, and refuses everything else."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading

import bed
import bed_lab
from bed import check

NODES = ["host2", "host3", "host4"]
IMAGE = "lab/agent:1"
PYPI = os.environ.get("MILLRACE_TEST_PYPI", "")
STAND_IN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kubectl_stand_in.py")

# In a mount and process namespace of its own: ROOT SECRET-FOLDER UID GID MODE, then the container's command.
POD = """
root=$1 secret=$2 user=$3 group=$4 mode=$5; shift 5
mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs -o mode=0755 tmpfs "$root/run/millrace" || exit 125
mkdir "$root/run/millrace/..1" && ln -s ..1 "$root/run/millrace/..data" || exit 125
for key in "$secret"/*; do
    name=${key##*/}
    install -o 0 -g "$group" -m "$mode" "$key" "$root/run/millrace/..1/$name" && ln -s "..data/$name" "$root/run/millrace/$name" || exit 125
done
exec env -i PATH=/usr/local/bin:/usr/bin:/bin JOB_COMPLETION_INDEX="$INDEX" \\
    "$(PATH=$PATH:/usr/sbin:/sbin command -v chroot)" --userspec="$user:$group" --groups="$group" "$root" "$@"
"""


def modules():
    """yaml and kubernetes_validate, as tests/pypi has them."""
    if PYPI and PYPI not in sys.path:
        sys.path.insert(0, PYPI)
    try:
        import kubernetes_validate  # pylint: disable=import-outside-toplevel
        import yaml  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise bed.Skip(f"{error}: pip could not unpack tests/pypi here") from None
    return yaml, kubernetes_validate


def parsed(text, versions=("1.28", "1.29")):
    """The manifests of a text, each as these versions of Kubernetes and the newest one take it; 1.29 is the oldest that is meant."""
    yaml, validate = modules()
    manifests = [one for one in yaml.safe_load_all(text) if one]
    for one in manifests:
        for version in (*versions, validate.latest_version()):
            validate.validate(one, version, strict=True)
    return manifests


def image():
    """A root as the Containerfile says; of its base only what the archive and the shell need of it."""
    dist = bed.new_path("dist")
    package = os.path.join(bed.SOURCE, "deploy", "package")
    env = dict(os.environ, MILLRACE_PACKAGE_BUILD=os.path.dirname(os.path.dirname(bed.MILLRACE)))
    subprocess.run([package, "tarball", dist], env=env, capture_output=True, check=True, timeout=3 * bed.LONG_S)
    root = bed.new_path("image")
    programs = ["/bin/sh", "/bin/ln"]
    linked = subprocess.run(["ldd", *programs, bed.MILLRACE, bed.AGENT], capture_output=True, text=True, check=True).stdout
    glibc = re.findall(r"\s(/\S*/(?:ld-linux-x86-64|libc|libm|libpthread|libdl|librt|libresolv)\.so\.\d+) ", linked)
    for path in set(glibc) | set(programs):
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(path, root + path)
    for folder in ["proc", "dev", "tmp", "run/millrace", "usr/local/bin"]:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    for line in bed.read(bed.SOURCE, "deploy", "k8s", "Containerfile").splitlines():
        word, _, rest = line.partition(" ")
        if word == "ADD":
            (name,) = [one for one in os.listdir(dist) if re.fullmatch(rest.split()[0].replace("*", ".*"), one)]
            with tarfile.open(os.path.join(dist, name)) as tar:
                tar.extractall(root + rest.split()[1])
                member = next(one for one in tar.getmembers() if one.name.endswith("/bin/millrace-agent"))
                packed = tar.extractfile(member).read()
        elif word == "RUN" and not rest.startswith("apt-get"):
            subprocess.run(["chroot", root, "/bin/sh", "-c", rest], check=True, timeout=bed.LONG_S)
    with open(os.path.join(root, "opt", member.name), "rb") as file:
        check(file.read() == packed, "the agent of the image is not the archive's")
    return root


class Pod:
    """One of a Job; its fields are those of the API."""

    def __init__(self, job, index):
        self.job, self.index = job, index
        self.name = f"{job['metadata']['name']}-{index}-x"
        self.spec = job["spec"]["template"]["spec"]
        self.container = self.spec["containers"][0]
        self.node, self.phase, self.state, self.scheduled = "", "Pending", {}, ""
        self.program = None
        self.deleted = False

    def object(self):
        return {
            "metadata": {"name": self.name, "annotations": {"batch.kubernetes.io/job-completion-index": str(self.index)}},
            "spec": {"nodeName": self.node},
            "status": {
                "phase": self.phase,
                "conditions": [{"type": "PodScheduled", "message": self.scheduled}] if self.scheduled else [],
                "containerStatuses": [{"name": "agent", "state": self.state}] if self.state else [],
            },
        }


def render(template, value):
    """jsonpath, as kubectl prints it: what is missing is nothing."""

    def walk(values, path):
        for key, name, wanted in re.findall(r'\.((?:\\.|[^.\[])+)|\[\?\(@\.(\w+)=="(\w+)"\)\]', path):
            if key:
                values = [one[re.sub(r"\\(.)", r"\1", key)] for one in values if isinstance(one, dict) and re.sub(r"\\(.)", r"\1", key) in one]
            else:
                values = [one for inner in values for one in inner if one[name] == wanted]
        return " ".join(str(one) for one in values)

    def part(found):
        text = found.group(1)
        return json.loads(text) if text.startswith('"') else walk([value], text)

    return re.sub(r'\{("[^"]*"|[^}]*)\}', part, template)


class Cluster:
    """A thread answers each kubectl; all else is done with the lock held."""

    def __init__(self, root):
        self.images = {IMAGE: root}
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.objects, self.pods, self.events, self.asked = {}, [], [], []
        self.happened = []  # To pods: what a watch tells.
        self.uids = 0
        self.watched = set()  # Jobs, by name.
        self.aside = set()  # Likewise: a test looks at them by themselves.
        self.no_room = set()  # Indexes that no node takes.
        self.quota = None
        self.kills = {}  # By index: as what the next kill of it shows.
        self.path = bed.new_path("api")
        self.secrets = bed.new_path("etcd")
        os.mkdir(self.secrets, 0o700)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def kubectl(self):
        return f"{sys.executable} -B {STAND_IN} {self.path} -n load"

    # ---- Its API ----

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.server.accept()
                threading.Thread(target=self._answer, args=(sock,), daemon=True).start()

    def _answer(self, sock):
        def say(text, error=False):
            sock.sendall(json.dumps({"text": text, "error": error}).encode() + b"\n")

        with contextlib.suppress(OSError), sock:
            request = json.loads(sock.makefile().readline())
            words = request["words"]
            try:
                check(words[:2] == ["-n", "load"], f"kubectl is asked without what the user said: {words}")
                with self.lock:
                    self.asked.append(words)
                code = {"create": self._create, "get": self._get, "delete": self._delete, "logs": self._logs}[words[2]](words[3:], request["input"], say)
            except Exception as error:  # pylint: disable=broad-except
                say(f"error: {error!r}\n", True)
                code = 1
            sock.sendall(json.dumps({"code": code}).encode() + b"\n")

    def _create(self, words, text, say):
        (output,) = [word.partition("=")[2] for word in words if word.startswith("--output=")]
        for one in parsed(text, ()):
            with self.lock:
                key = (one["kind"].lower(), one["metadata"]["name"])
                check(key not in self.objects, f"{key} already exists")
                self.uids += 1
                one["metadata"]["uid"] = f"uid-{self.uids}"
                self.objects[key] = one
                if key[0] == "secret":
                    folder = os.path.join(self.secrets, key[1])
                    os.mkdir(folder)
                    for name, value in one.pop("stringData").items():
                        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                            file.write(value)
                elif key[0] == "job":
                    self._begin(one)
                self.changed.notify_all()
            say(f"{key[0]}/{key[1]}\n" if output == "name" else render(output.partition("=")[2], one))
        return 0

    def _get(self, words, _, say):
        template = next(word for word in words if word.startswith("--output=jsonpath=")).partition("=jsonpath=")[2]
        if words[0] == "events":
            for event in self.events:
                say(f"{event}\n")
            return 0
        selector = next(word for word in words if word.startswith("--selector=")).rpartition("=")[2]
        check(words[0] == "pods" and "--watch" in words and "--output-watch-events" in words, f"get {words}")
        with self.lock:
            news = [("ADDED", pod.job, pod.object()) for pod in self.pods]
            place = len(self.happened)
            self.watched.add(selector)
            self.changed.notify_all()
        while True:
            for kind, job, one in news:
                if job["metadata"]["name"] == selector:
                    say(render(template, {"type": kind, "object": one}))
            with self.lock:
                while len(self.happened) == place:
                    self.changed.wait()
                news, place = self.happened[place:], len(self.happened)

    def _delete(self, words, _, say):
        check("--wait=false" in words and "--ignore-not-found" in words, f"delete {words}")
        for word in words:
            kind, slash, name = word.partition("/")
            if slash:
                self.delete(kind, name)
                say(f'{kind} "{name}" deleted\n')
        return 0

    def _logs(self, words, _, say):
        selector = words[0].rpartition("=")[2]
        with self.lock:
            pods = [pod for pod in self.pods if pod.job["metadata"]["name"] == selector and pod.program]
        for pod in pods:
            for line in pod.program.err.splitlines():
                say((f"[pod/{pod.name}/agent] " if "--prefix" in words else "") + line + "\n")
        return 0

    # ---- Its controllers ----

    def _begin(self, job):
        spec = job["spec"]
        if self.quota:
            self.events.append(f"FailedCreate: Error creating: pods {job['metadata']['name']}-0 is forbidden: {self.quota}")
            return
        for index in range(spec["completions"]):
            pod = Pod(job, index)
            self.pods.append(pod)
            self.happened.append(("ADDED", job, pod.object()))
            threading.Thread(target=self._kubelet, args=(pod,), daemon=True).start()

    def _set(self, pod, **fields):
        with self.lock:
            for name, value in fields.items():
                setattr(pod, name, value)
            self.happened.append(("MODIFIED", pod.job, pod.object()))
            self.changed.notify_all()

    def _kubelet(self, pod):
        if pod.index in self.no_room:
            self._set(pod, scheduled="0/3 nodes are available: 3 Too many pods.")
            return
        self._set(pod, node=NODES[pod.index % len(NODES)], state={"waiting": {"reason": "ContainerCreating"}})
        name = pod.container["image"]
        if name not in self.images:
            self._set(pod, state={"waiting": {"reason": "ErrImagePull", "message": f"{name}: not found"}})
            with self.lock:  # A real one tries again after seconds, when it is watched by long.
                while pod.job["metadata"]["name"] not in self.watched and not pod.deleted:
                    self.changed.wait()
            self._set(pod, state={"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{name}"'}})
            return
        volume = pod.spec["volumes"][0]["secret"]
        with self.lock:
            while ("secret", volume["secretName"]) not in self.objects and not pod.deleted:
                self.changed.wait()
            if pod.deleted:
                return
            security = pod.spec["securityContext"]
            words = [self.images[name], os.path.join(self.secrets, volume["secretName"]), str(security["runAsUser"]), str(security["fsGroup"]), f"{volume['defaultMode']:04o}"]
            command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", POD, "pod", *words, *pod.container["command"], *pod.container["args"]]
            pod.program = bed_lab.on(pod.node, *command, env={"INDEX": str(pod.index)})
        self._set(pod, phase="Running", state={"running": {}})
        code = pod.program.process.wait()
        code = code if code >= 0 else 128 - code
        ended = {"exitCode": code, "reason": self.kills.pop(pod.index, None) or ("Completed" if code == 0 else "Error")}
        if code != 0 and pod.container["terminationMessagePolicy"] == "FallbackToLogsOnError":
            ended["message"] = pod.program.err[-2048:]
        self._set(pod, phase="Failed" if code else "Succeeded", state={"terminated": ended})
        spec = pod.job["spec"]
        if code != 0 and "backoffLimitPerIndex" not in spec:  # Then the end of one is that of all.
            self._end([one for one in self.pods if one.job is pod.job])

    def inner(self, pod):
        """Its first process, as this host knows it: the one below `unshare`; None: there is none."""
        below = [pod.program.pid] if pod.program and pod.program.running() else []
        while below and b"millrace-agent" not in bed.read(f"/proc/{below[-1]}/cmdline").encode().split(b"\0")[0]:
            below = bed.children(below[-1])[:1]
        return below[-1] if below else None

    def _end(self, pods):
        for pod in pods:
            pod.deleted = True
            with contextlib.suppress(OSError, ProcessLookupError):
                pid = self.inner(pod)
                if pid:
                    os.kill(pid, signal.SIGTERM)

    def delete(self, kind, name):
        """And what it owns."""
        with self.lock:
            one = self.objects.pop((kind, name), None)
            if one is None:
                return
            if kind == "secret":
                shutil.rmtree(os.path.join(self.secrets, name))
            if kind == "job":
                pods = [pod for pod in self.pods if pod.job is one]
                self._end(pods)
                self.pods = [pod for pod in self.pods if pod.job is not one]
                self.happened += [("DELETED", one, pod.object()) for pod in pods]
            for key, other in list(self.objects.items()):
                if any(owner["uid"] == one["metadata"]["uid"] for owner in other["metadata"].get("ownerReferences", [])):
                    self.delete(*key)
            self.changed.notify_all()

    def pass_time(self, seconds):
        """The time that a Job is kept after its pods goes by."""
        with self.lock:
            for (kind, name), one in list(self.objects.items()):
                pods = [pod for pod in self.pods if pod.job is one]
                if kind == "job" and pods and all(pod.phase in ("Failed", "Succeeded") for pod in pods):
                    if one["spec"]["ttlSecondsAfterFinished"] <= seconds:
                        self.delete(kind, name)

    def agents(self):
        """Of each pod that runs, its agent; but for those of Jobs aside."""
        with self.lock:
            found = [self.inner(pod) for pod in self.pods if pod.job["metadata"]["name"] not in self.aside]
        return [pid for pid in found if pid]

    def left(self):
        """Objects that are there, likewise."""
        with self.lock:
            return sorted(f"{kind}/{name}" for kind, name in self.objects if name not in self.aside)


@contextlib.contextmanager
def cluster():
    modules()
    if os.getuid() != 0:
        raise bed.Skip("pods are made here as root only")
    if bed.sanitized():
        raise bed.Skip("a build with a sanitizer is not packaged")
    with bed_lab.hosts("--hosts", str(len(NODES) + 1)):
        made = Cluster(image())
        print("# a stand-in of this test is the cluster and its kubectl: no Kubernetes can be made here")
        try:
            yield made
        finally:
            made.server.close()
