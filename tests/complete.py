#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""complete.py PROJECT BASIN: types at a real bash, on a terminal, with completion loaded.

Prints a line for each thing that went wrong.  Completes with the driver BASIN in a copy of
PROJECT, and in a project whose names a shell would run."""
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios

PROMPT = "READY% "


class Bash:
    def __init__(self, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            env = {"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": folder, "PS1": PROMPT,
                   "HISTFILE": "/dev/null", "INPUTRC": "/dev/null", "LC_ALL": "C.UTF-8"}
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 900, 0, 0))
        self.wait()

    def wait(self, end=re.escape(PROMPT)):
        """Read until that is the last that stands there."""
        text = ""
        while not re.search(end + "$", text, re.S):
            if not select.select([self.fd], [], [], 20)[0]:
                sys.exit(f"bash says no more: {text!r}")
            try:
                text += os.read(self.fd, 65536).decode(errors="replace").replace("\r", "")
            except OSError:
                sys.exit(f"bash ended: {text}")
        return text

    def run(self, command):
        os.write(self.fd, command.encode() + b"; echo DONE\n")
        return self.wait("\nDONE\n" + PROMPT)

    def type(self, text, close=""):
        """The words that the line is after these keys (\\t among them), as echo prints them."""
        os.write(self.fd, text.encode() + b"\x01echo '<<'\x05" + close.encode() + b"'>>'\n")
        return re.findall(r"\n<<(.*?)>>\n", self.wait("\n<<.*?>>\n" + PROMPT), re.S)[-1]

    def end(self):
        os.write(self.fd, b"\x01\x0bexit\n")
        os.waitpid(self.pid, 0)


def check(bash, where, cases):
    for typed, close, want in cases:
        got = bash.type(typed, close)
        if got != want:
            print(f"{where}: {typed!r} became {got!r}, want {want!r}")


# keys; what closes the line; the words then
COMMON = [
    ("make figure4-\t", "", "make figure4-million "),
    ("make stat\t", "", "make status "),
    ("make FRO\tmouse-si\t", "", "make FROM=mouse-sizes "),
    ("make V=rel\t", "", "make V=release "),
    ("make figure2 SET=\"ring.weights.la\t", '"', "make figure2 SET=ring.weights.lambda="),
    ("make figure2 SET=\"ring.weights.la\t\t", "", "make figure2 SET=ring.weights.lambda=1e-8 "),
    ("make SET='ring.weights.kind=ci\t", "", "make SET=ring.weights.kind=circulant "),
    ("make SET=ring.weights.kind=ci\t", "", "make SET=ring.weights.kind=circulant "),
    ("make SET=ring.wei\tla\t2", "", "make SET=ring.weights.lambda=2"),
    ("make SET=\"milli\tweights.for\tden\t", "", "make SET=million.weights.form=dense "),
    ("make SET=\"ring.seed=2 ring.weights.la\t3 ring.tuning.neur\t", '"',
     "make SET=ring.seed=2 ring.weights.lambda=3 ring.tuning.neurons="),
    ("make SET='ring.activity.const\tnoi\t", "'", "make SET=ring.activity.constant.noise="),
    ("make results/ring/weights.circ\t", "", "make results/ring/weights.circulant.h5 "),
    ("make why T=ring/weights.circ\t", "", "make why T=ring/weights.circulant "),
    ("make gc GC=\"objects --ol\t", "", "make gc GC=objects --older "),
    ("build/basin stat\t", "", "build/basin status "),
    ("basin gc --old\t", "", "basin gc --older "),
    ("build/basin why ring/weights.circ\t", "", "build/basin why ring/weights.circulant "),
    ("build/basin why --from mouse-si\t", "", "build/basin why --from mouse-sizes "),
    ("build/basin why figure1 --set \"ring.weights.la\t7", '"',
     "build/basin why figure1 --set ring.weights.lambda=7"),
    ("build/basin data 00093\t", "", "build/basin data 000939 "),
    ("build/basin cat REA\t", "", "build/basin cat README.md "),
    ("build/stages/weights --set lam\t2 --thr\t3", "",
     "build/stages/weights --set lambda=2 --threads 3"),
    ("FOO=1 make stat\t", "", "FOO=1 make status "),
    ("make nothing-like-t\t", "", "make nothing-like-t"),
    ("make SET=\"nothing.we\t", '"', "make SET=nothing.we"),
]


def project(folder, basin):
    for name in ("tools", "build", "pipelines", "recordings"):
        os.makedirs(f"{folder}/{name}")
    os.symlink(basin, f"{folder}/build/basin")
    evil = "$(touch pwned)`touch pwned`;touch pwned"
    for path, text in (
            ("Makefile", f"FROM ?= ring# {evil}\nX{evil} ?= 1\nV ?= a# {evil} | b: c\n"
             "DANDISET ?=# which\n"),
            ("tools/help", f"  make figure{evil}\n  make x{evil}\n  make plain  it is\n"),
            ("pipelines/ring.mk", "$R/ring/weights.h5:\n"),
            (f"pipelines/p{evil}.mk", ""),
            (f"recordings/e'v\"i l{evil}.tsv", ""),
            ("recordings/o\nther.tsv", "")):
        with open(f"{folder}/{path}", "w") as f:
            f.write(text)
    return f"e'v\"i l{evil}"


def main():
    root, basin = sys.argv[1:]
    folder = os.path.realpath(tempfile.mkdtemp(prefix="basin-complete-"))
    try:
        failures(root, basin, folder)
    finally:
        shutil.rmtree(folder)


def failures(root, basin, folder):
    os.makedirs(f"{folder}/real/build")
    os.symlink(basin, f"{folder}/real/build/basin")
    for name in ("Makefile", "README.md", "pipelines", "recordings", "stages"):
        os.symlink(f"{root}/{name}", f"{folder}/real/{name}")
    os.makedirs(f"{folder}/real/tools")
    for name in ("tools/help", "tools/completion.bash"):
        shutil.copy(f"{root}/{name}", f"{folder}/real/tools")
    bash = Bash(f"{folder}/real")
    bash.run(". tools/completion.bash")
    check(bash, "here", COMMON + [
        ("make BUILD=too\t", "", "make BUILD=tools/"),
        ("build/stages/weights --in wei\tREA\t", "", "build/stages/weights --in weights=README.md "),
    ])
    bash.run("COMP_WORDBREAKS=${COMP_WORDBREAKS//[=:]}")
    check(bash, "without = in COMP_WORDBREAKS", COMMON)
    name = project(f"{folder}/a", basin)
    shutil.copy(f"{root}/tools/completion.bash", f"{folder}/a/tools")
    # Somebody else's, where TAB must run nothing.
    os.makedirs(f"{folder}/b/build")
    with open(f"{folder}/b/build/basin", "w") as f:
        f.write("#!/bin/sh\ntouch pwned\n")
    os.chmod(f"{folder}/b/build/basin", 0o755)
    bash.run(f"cd {folder}/b")
    check(bash, "elsewhere", [("make pla\t", "", "make pla"),
                              ("build/basin stat\t", "", "build/basin status ")])
    bash.run(f"cd {folder}/a && . tools/completion.bash")
    hostile = [
        ("make pla\t", "", "make plain "),
        ("make figure\t", "", "make figure"),
        ("make DANDISET=e\t", "", f"make DANDISET={name} "),
        ("make DANDISET=\"e\t", "", f"make DANDISET={name} "),
        ("make DANDISET='e\t", "", f"make DANDISET={name} "),
        ("make DANDISET=o\t", "", "make DANDISET=o"),
        ("build/basin data e\t", "", f"build/basin data {name} "),
        ("make SET=\"pq\t", '"', "make SET=pq"),
    ]
    check(bash, "hostile", hostile)
    bash.run("COMP_WORDBREAKS=' \"'\"'\"'=<>;|&(:'")
    check(bash, "hostile, with =", hostile)
    for place in ("a", "b"):
        if os.path.exists(f"{folder}/{place}/pwned"):
            print(f"{place}: TAB ran what stands in a name")
    bash.end()


main()
