"""Stands for kubectl: asks the cluster of bed_k8s.py, at the socket that is its first argument, and prints what that answers."""

import json
import socket
import sys

sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
given = sys.stdin.read() if "--filename=-" in sys.argv else ""
sock.sendall(json.dumps({"words": sys.argv[2:], "input": given}).encode() + b"\n")
for line in sock.makefile():
    answer = json.loads(line)
    if "code" in answer:
        sys.exit(answer["code"])
    print(answer["text"], end="", flush=True, file=sys.stderr if answer["error"] else sys.stdout)
sys.exit("error: the connection to the server was lost")
