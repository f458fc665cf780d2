"""millrace hosts: who may join, and what a host needs for it; nothing of it is in the hands of anybody else."""

import os
import resource
import stat
import time

import bed
from bed import check, contains, matches, same, test
from bed_join import Store, document, secrets

AT = ("--at", "coord.example:7700")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@test("a host that is added gets a file of its own, and the commands to go on with")
def added():
    store = Store()
    contains(store.hosts("list").out, "no hosts yet in ", "an empty list")
    same(store.files(), [], "what looking makes")
    said = store.hosts("add", "load1", "load2", *AT, "--label", "zone=a", "--label", "disk=nvme").out
    for name in ["load1", "load2"]:
        contains(said, f"{name}.join: for {name}, valid until ", "what was made")
        contains(said, f"on {name}:  millrace-agent --join {name}.join\n", "what to do there")
        same(mode(store.join(name)), 0o600, f"mode of {name}.join")
    contains(said, "then here:  millrace run SCENARIO --hosts load1,load2\n", "what to do here")
    same(mode(store.folder), 0o700, "mode of the store")
    same(store.files(), ["authority.key", "authority.pem", "load1.host", "load2.host", "lock"], "the store")
    same({mode(os.path.join(store.folder, name)) for name in store.files()}, {0o600}, "modes of its files")
    authority = bed.read(store.folder, "authority.pem").encode()
    for name in ["load1", "load2"]:
        contains(document(store.join(name)), authority, f"{name}.join")
    check(not set(secrets(store.join("load1"))) & set(secrets(store.join("load2"))), "two hosts share a secret")
    row = store.rows()["load1"]
    matches(row[1], r"^valid until \d{4}-\d\d-\d\d$", "its state")
    same((row[2], row[3], row[5]), ("by CPUs", "zone=a,disk=nvme", AT[1]), "weight, labels, address")


@test("a fleet has one file, with an end that is near")
def fleet():
    store = Store()
    said = store.hosts("add", "--any", "20", "--valid", "90m", "--at", "10.0.0.1:7700", "--at", "[fe80::1]:7700").out
    contains(said, "fleet.join: for up to 20 hosts, valid until ", "what was made")
    contains(said, "on each host:  millrace-agent --join fleet.join\n", "what to do there")
    contains(said, "copy it to its hosts alone", "who may have it")
    row = store.rows()["fleet (any 20)"]
    matches(row[1], r"^ends in [5-9]\d min$", "its state")
    same(row[5], "10.0.0.1:7700,[fe80::1]:7700", "its addresses")
    store.hosts("add", "ci", "--any", "5", *AT)
    contains(store.hosts("add", "big", "--processes", "4", *AT).out, "big.join: for big, 4 processes, valid", "a host of four agents")
    check("big (4 processes)" in store.rows(), f"not listed: {store.rows()}")
    store.hosts("add", "big", "--again", "--processes", "1")
    check("big" in store.rows(), f"it is one agent again: {store.rows()}")
    store.hosts("remove", "big")
    contains(store.hosts("add", "a", "b", "--any", "5", *AT, code=2).err, "--any makes one file", "two names")
    same(store.files()[2:4], ["ci.host", "fleet.host"], "the store")


@test("with --again a host gets another secret and keeps what is not given")
def again():
    store = Store()
    store.hosts("add", "load1", *AT, "--weight", "4", "--label", "zone=a")
    before = document(store.join("load1"))
    contains(store.hosts("add", "load1", *AT, code=2).err, "load1 is among the hosts already: --again", "a second time")
    same(document(store.join("load1")), before, "the file that is there")
    store.hosts("add", "load1", "--again", "--valid", "60h")
    check(document(store.join("load1")) != before, "it is the same as before")
    row = store.rows()["load1"]
    same((row[1], row[2], row[3], row[5]), ("ends in 2 d", "4", "zone=a", AT[1]), "state, weight, label, address")
    store.hosts("remove", "load1")
    contains(store.hosts("add", "load1", *AT, code=2).err, "load1.join is there already: --again", "a file that is there")
    contains(store.hosts("add", "load1", "--again", code=2).err, "--at HOST:PORT is missing", "no address is known")
    store.hosts("add", "load1", "--again", *AT)


@test("one that ended is shown, and is made anew by the command that says so")
def ended():
    store = Store()
    store.hosts("add", "load1", "load2", *AT)
    now = int(time.time())
    store.change("load1", "valid_until_s", now - 30 * 86400)
    store.change("load2", "valid_until_s", now + 5 * 3600 + 1800)
    rows = store.rows()
    matches(rows["load1"][1], r"^ended \d{4}-\d\d-\d\d$", "one that ended")
    same(rows["load2"][1], "ends in 5 h", "one that ends soon")
    store.change("load2", "valid_until_s", int(time.time()) + 50)
    same(store.rows()["load2"][1], "ends within 1 min", "one that ends at once")
    store.hosts("add", "load1", "--again")
    matches(store.rows()["load1"][1], "^valid until ", "made anew")


@test("removing takes all that are named or none, and offers the nearest name")
def removed():
    store = Store()
    store.hosts("add", "load1", "load2", "load3", *AT)
    said = store.hosts("remove", "load1", "lod2", code=2).err
    contains(said, "lod2 is not among the hosts, did you mean load2?", "an unknown one")
    same(sorted(store.rows()), ["load1", "load2", "load3"], "what is left")
    contains(store.hosts("remove", "load1", "load3").out, "load3: removed", "what it said")
    same(list(store.rows()), ["load2"], "what is left")
    contains(store.hosts("remove", "../hosts/load2", code=2).err, "is not among the hosts", "a path")


@test("what is typed wrong changes nothing, and is said with what would be right")
def wrong():
    store = Store()
    add = [
        (["x"], "--at HOST:PORT is missing"),
        ([*AT], "an argument is missing: NAME..."),
        (["all", *AT], '"all" can\'t be a host\'s name'),
        (["a/b", *AT], "can't be a host's name"),
        (["x", "x", *AT], "x is named twice"),
        (["x", "--at", "tcp://a:1"], "without tcp://"),
        (["x", "--at", "coord"], "as coord.example:7700"),
        (["x", "--at", "0.0.0.0:7700"], "can't be dialled"),
        (["x", *AT, "--valid", "soon"], "30d, 12h, 90m"),
        (["x", *AT, "--valid", "30s"], "from 1m to 3650d"),
        (["x", *AT, "--valid", "99999999999999999999d"], "from 1m to 3650d"),
        (["x", *AT, "--label", "zone"], "KEY=VALUE"),
        (["x", *AT, "--weight", "0"], "--weight"),
        (["x", *AT, "--any", "0"], "--any"),
        (["x", *AT, "--any", "2", "--processes", "2"], "--processes does not go with --any"),
        ([60 * "x", *AT, "--processes", "2"], "too long a name"),
        (["x", *AT, "--wieght", "2"], "did you mean --weight?"),
        (["x", *AT * 9], "8 are possible"),
    ]
    for arguments, words in add:
        contains(store.hosts("add", *arguments, code=2).err, words, " ".join(arguments))
    contains(store.hosts("ad", code=2).err, "did you mean add?", "ad")
    contains(store.hosts(code=2).err, "usage: millrace hosts", "no word")
    contains(store.hosts("list", "x", code=2).err, "one argument too many", "list x")
    contains(store.hosts("remove", code=2).err, "NAME...", "remove")
    same((store.files(), os.listdir(store.cwd)), ([], []), "files")
    for word in ["add", "list", "remove"]:
        contains(store.hosts(word, "--help").out, f"usage: millrace hosts {word}", "help")


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@test("a full disk leaves neither half a file nor a host without one")
def full():
    store = Store()
    contains(store.hosts("add", "load1", *AT, code=4, before=limited(200)).err, "authority.key: can't be written", "no authority")
    same((store.files(), os.listdir(store.cwd)), (["lock"], []), "files")
    store.hosts("add", "load1", *AT)
    before = document(store.join("load1"))
    contains(store.hosts("add", "load2", *AT, code=4, before=limited(1000)).err, "load2.join: can't be written", "no join file")
    contains(store.hosts("add", "load1", "--again", code=4, before=limited(1000)).err, "load1.join: can't be written", "again")
    same((list(store.rows()), sorted(os.listdir(store.cwd))), (["load1"], ["load1.join"]), "what is there")
    same(document(store.join("load1")), before, "what was there")
    with open("/dev/full", "w", encoding="ascii") as no_room:
        contains(store.hosts("list", code=4, stdout=no_room).err, "stdout", "what it said")
    nowhere = bed.write("file", "")
    said = store.hosts("add", "load9", *AT, "--out", os.path.join(nowhere, "x"), code=4).err
    contains(said, nowhere, "a folder that can't be made")
    check("load9" not in store.rows(), "load9 is in the store")
    store.folder = os.path.join(nowhere, "hosts")
    contains(store.hosts("add", "load9", *AT, code=4).err, nowhere, "a store that can't be made")


@test("what others could read or write is refused, and what is damaged is said")
def permissions():
    store = Store()
    store.hosts("add", "load1", "load2", "load3", *AT)
    os.chmod(store.folder, 0o777)
    contains(store.hosts("list", code=4).err, f"chmod 700 {store.folder}", "a folder that others can write to")
    os.chmod(store.folder, 0o700)
    os.chmod(os.path.join(store.folder, "load1.host"), 0o644)
    with open(os.path.join(store.folder, "load2.host"), "r+b") as file:
        file.truncate(100)
    rows = store.rows()
    same((rows["load1"][1], rows["load2"][1]), ("damaged", "damaged"), "states")
    matches(rows["load3"][1], "^valid until", "state of another")
    store.hosts("add", "load2", "--again", *AT)
    store.hosts("remove", "load1")
    key = os.path.join(store.folder, "authority.key")
    os.chmod(key, 0o640)
    contains(store.hosts("add", "load4", *AT, code=4).err, f"chmod 600 {key}", "a key that others can read")
    os.chmod(key, 0o600)
    with open(key, "w", encoding="ascii") as file:
        file.write("nothing\n")
    said = store.hosts("add", "load4", *AT, code=4).err
    contains(said, "the key is damaged", "a damaged key")
    contains(said, "move the folder away, and add each host again", "what to do")
    check("load4" not in store.rows(), "load4 is in the store")


@test("many that add at once have one authority, and none is lost")
def at_once():
    store = Store()
    names = [f"load{number}" for number in range(12)]
    programs = [bed.start("hosts", "add", name, *AT, **store.options()) for name in names]
    for program in programs:
        program.ends(0)
    same(sorted(store.rows()), sorted(names), "hosts")
    authority = bed.read(store.folder, "authority.pem").encode()
    for name in names:
        contains(document(store.join(name)), authority, f"{name}.join")
    programs = [bed.start("hosts", "add", "same", *AT, **store.options()) for _ in range(6)]
    same(sorted(program.wait() for program in programs), [0, 2, 2, 2, 2, 2], "exit codes of those who add the same")
    programs = [bed.start("hosts", "remove", "same", **store.options()) for _ in range(4)]
    same(sorted(program.wait() for program in programs), [0, 2, 2, 2], "exit codes of those who remove the same")
    check(not [name for name in store.files() + os.listdir(store.cwd) if name.endswith(".part")], "parts are left")


@test("secrets are in the join file and the store, and nowhere else")
def nowhere_else():
    store = Store()
    store.hosts("add", "load1", "load2", *AT)
    hidden = secrets(store.join("load1")) + secrets(store.join("load2"))
    hidden += store.authority_key()
    with open(store.join("load1"), encoding="ascii") as file:
        line = file.read()
    store.hosts("add", "load1", *AT, code=2)
    store.hosts("add", line.strip(), *AT, code=2)  # Pasted to the wrong place: only its beginning comes back.
    store.hosts("list")
    os.chmod(os.path.join(store.folder, "load2.host"), 0o644)
    store.hosts("list")
    store.hosts("remove", "load1")
    for word in hidden:
        check(word not in store.said.encode(errors="replace"), "a secret was said")
    os.remove(store.join("load1"))
    os.remove(store.join("load2"))
    for where, _, names in os.walk(store.cwd):
        same(names, [], f"files in {where}")



bed.main()
