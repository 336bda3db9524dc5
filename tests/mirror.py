#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A mirror on the loopback for test_data, whose files misbehave as their names say.

mirror.py FOLDER PID: writes FOLDER/recordings/{000001,000002}.tsv and FOLDER/mirror/000001/...,
then serves FOLDER/mirror on a free port, which it writes to FOLDER/port.  Each request is
a line of FOLDER/requests: name, first byte asked for; a file that behaves badly a few times
counts those lines.  Ends when FOLDER/port is removed, or with process PID."""
import hashlib
import http.server
import os
import sys
import threading
import time
import urllib.parse

SIZE = 300_000
NAMES = """plain cut norange short chunkedshort toolong corruptonce corrupt redirect loop missing
    busy broken html htmlsame changed shifted stall unsatisfied secret tofile dies""".split()
ODD = "sub-a+b/odd name%41 #1?.nwb"           # what a URL must escape


def content(name):
    block = hashlib.sha256(name.encode()).digest()
    return (block * (SIZE // len(block) + 1))[:SIZE]


def files():
    return [(f"sub-{n}/{n}.nwb", n) for n in NAMES] + [(ODD, "odd")]


def prepare(folder):
    os.makedirs(f"{folder}/recordings")
    lines = ["path\tsize_bytes\tsha256\tdandi_etag\tasset_id\ts3_url\n"]
    for path, name in files():
        place = f"{folder}/mirror/000001/{path}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as f:
            f.write(content(name))
        digest = hashlib.sha256(content(name)).hexdigest()
        lines.append(f"{path}\t{SIZE}\t{digest}\te\ta\thttps://127.0.0.1:1/{name}\n")
    with open(f"{folder}/recordings/000001.tsv", "w") as f:
        f.writelines(lines)
    with open(f"{folder}/recordings/000002.tsv", "w") as f:       # bytes of a name: 1e15
        f.write(lines[0] + lines[1].replace(str(SIZE), "1000000000000000"))
    with open(f"{folder}/recordings/SOURCES", "w") as f:
        f.write("dandiset\tlicence\tcommit\tpipeline\twhat\n"
                "000001\tCC-BY-4.0\tabc\tmouse\tBad servers 2026\n")


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def say(self, status, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()

    def do_GET(self):
        path = urllib.parse.unquote(self.path)
        name = dict(("/000001/" + p, n) for p, n in files()).get(path, os.path.basename(path))
        start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        with open("requests", "a+") as f:
            f.write(f"{name} {start}\n")
            f.seek(0)
            times = sum(line.split()[0] == name for line in f)
        self.answer(name, start, times)

    def whole(self, name, start, body=None, upto=SIZE, **more):
        body = body or content(name)
        if start > 0:
            self.say(206, Content_Length=SIZE - start,
                     Content_Range=f"bytes {start}-{SIZE - 1}/{SIZE}", **more)
        else:
            self.say(200, Content_Length=SIZE, **more)
        self.wfile.write(body[start:upto])

    def answer(self, name, start, times):
        body = content(name)
        flipped = bytes([body[0] ^ 1]) + body[1:]
        if name == "cut":                               # a third of what is left, thrice
            self.whole(name, start, upto=SIZE if times > 3 else start + (SIZE - start) // 3)
        elif name == "norange":
            self.say(200, Content_Length=SIZE)
            self.wfile.write(body if times > 1 else body[:100_000])
        elif name == "short":
            self.say(200, Content_Length=SIZE // 2)
            self.wfile.write(body[:SIZE // 2])
        elif name == "chunkedshort":                    # nothing says how long it is
            self.say(200)
            self.wfile.write(body[:SIZE // 2])
        elif name == "toolong":
            self.say(200)
            self.wfile.write(body + b"more")
        elif name == "corruptonce":
            self.whole(name, start, flipped if times == 1 else body)
        elif name == "corrupt":
            self.whole(name, start, flipped)
        elif name == "redirect":
            self.say(302, Location="moved", Content_Length=0)
        elif name == "loop":
            self.say(302, Location=self.path, Content_Length=0)
        elif name == "missing":
            self.say(404, Content_Length=3)
            self.wfile.write(b"no\n")
        elif name == "secret":
            self.say(403, Content_Length=0)
        elif name == "busy" and times < 3:
            self.say(503, Content_Length=0, Retry_After=0)
        elif name == "broken":
            self.say(500, Content_Length=0)
        elif name == "html":
            self.say(200, Content_Type="text/html; charset=utf-8", Content_Length=20)
            self.wfile.write(b"<html>please log in.")
        elif name == "htmlsame":
            self.whole(name, start, b"<html>".ljust(SIZE), Content_Type="text/html")
        elif name == "changed" and start > 0:
            self.say(206, Content_Length=5, Content_Range="bytes 1000-1004/1005")
            self.wfile.write(b"other")
        elif name == "shifted" and start > 0:
            self.say(206, Content_Length=SIZE, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE}")
            self.wfile.write(body)
        elif name == "stall" and times == 1:
            self.whole(name, start, upto=100_000)
            self.wfile.flush()
            time.sleep(20)
        elif name == "unsatisfied" and start > 0:
            self.say(416, Content_Length=0)
        elif name == "tofile":
            self.say(302, Location="file:///etc/hostname", Content_Length=0)
        elif name == "dies":                            # always after the same bytes
            self.whole(name, start, upto=max(start, 100_000))
        elif name == "moved":
            self.whole("redirect", start)
        else:
            self.whole(name, start)
        self.close_connection = True


def main():
    folder, pid = sys.argv[1:]
    prepare(folder)
    os.chdir(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open("port.new", "w") as f:
        f.write(str(server.server_address[1]))
    os.rename("port.new", "port")
    while os.path.exists(f"/proc/{pid}") and os.path.exists("port"):
        time.sleep(0.05)


main()
