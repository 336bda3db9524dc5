# SPDX-License-Identifier: MIT
"""crate.py FOLDER: does an unpacked bag keep what RFC 8493, RO-Crate 1.1 and Workflow Run
RO-Crate 0.5 (Process, Workflow and Provenance Run Crate) demand with MUST?

    crate.py FOLDER            one line per broken rule; status 1 if there is one
    crate.py --broken FOLDER   breaks one rule after the other in a copy, and fails
                               unless each is noticed
    crate.py --context FOLDER [CONTEXT.json]
                               expands the crate with a context from the disk, or the terms
                               that stand below, and fails if a key or a type has no meaning

Only Python's own library; --context needs pyld.
"""
import copy
import datetime
import hashlib
import json
import os
import re
import sys
import urllib.parse

RULES = {}


def rule(text):
    """A MUST: a function of the crate that yields complaints."""
    def keep(check):
        RULES[check.__name__] = (text, check)
        return check
    return keep


def listed(value):
    return [] if value is None else value if isinstance(value, list) else [value]


class Crate:
    def __init__(self, folder, metadata=None):
        self.folder = folder
        with open(os.path.join(folder, "data", "ro-crate-metadata.json"), encoding="utf-8") as f:
            self.metadata = json.load(f) if metadata is None else metadata
        self.graph = self.metadata.get("@graph", [])
        if not isinstance(self.graph, list):
            self.graph = []
        self.by_id = {e.get("@id"): e for e in self.graph if isinstance(e, dict)}
        self.root = self.find_root()

    def find_root(self):
        for e in self.graph:
            if isinstance(e, dict) and e.get("@id") == "ro-crate-metadata.json":
                return self.by_id.get(self.ids(e, "about")[0]) if self.ids(e, "about") else None
        return None

    @staticmethod
    def ids(entity, key):
        return [v["@id"] for v in listed((entity or {}).get(key))
                if isinstance(v, dict) and "@id" in v]

    def targets(self, entity, key):
        return [self.by_id.get(i) for i in self.ids(entity, key)]

    def of_type(self, name):
        return [e for e in self.graph if isinstance(e, dict) and name in listed(e.get("@type"))]

    def main(self):
        found = self.targets(self.root, "mainEntity")
        return found[0] if found else None

    def workflows(self):
        return self.of_type("ComputationalWorkflow")

    def tools(self):
        return [t for w in self.workflows() for t in self.targets(w, "hasPart")]

    def runs(self):
        """Actions that are runs of a tool or of a workflow."""
        return self.of_type("CreateAction") + self.of_type("ActivateAction") \
            + self.of_type("UpdateAction")


def is_absolute(uri):
    return re.match(r"^[A-Za-z][A-Za-z0-9+.-]*:", uri) is not None


def types(entity):
    return listed((entity or {}).get("@type"))


def has(entity, *wanted):
    return all(w in types(entity) for w in wanted)


# --- RFC 8493 ------------------------------------------------------------------------

def read(crate, name):
    with open(os.path.join(crate.folder, name), "rb") as f:
        return f.read()


def sums(crate, name):
    out = {}
    for line in read(crate, name).decode("utf-8").splitlines():
        m = re.match(r"^([0-9a-f]{128}) [ *](.+)$", line)
        if m:
            out[m.group(2)] = m.group(1)
        else:
            out[line] = None
    return out


def files(crate, top):
    for where, _, names in os.walk(os.path.join(crate.folder, top)):
        for n in names:
            yield os.path.relpath(os.path.join(where, n), crate.folder)


@rule("RFC 8493 2.1.1: bagit.txt has exactly its two lines, in UTF-8 without BOM")
def bag_declaration(c):
    text = read(c, "bagit.txt").decode("utf-8")
    if not re.fullmatch(r"BagIt-Version: \d+\.\d+\nTag-File-Character-Encoding: UTF-8\n?", text):
        yield repr(text)


@rule("RFC 8493 2.1.3: a payload manifest lists every file of data/ once, and no other")
def bag_complete(c):
    lines = read(c, "manifest-sha512.txt").decode("utf-8").splitlines()
    manifest = sums(c, "manifest-sha512.txt")
    if len(lines) != len(manifest):
        yield "a file is listed twice"
    for name in set(files(c, "data")) ^ set(manifest):
        yield name
    for name in manifest:
        if not name.startswith("data/") or ".." in name.split("/"):
            yield f"{name}: not below data/"


@rule("RFC 8493 3: every checksum of payload and tags is that of the file")
def bag_sums(c):
    for manifest in ("manifest-sha512.txt", "tagmanifest-sha512.txt"):
        for name, wanted in sums(c, manifest).items():
            path = os.path.join(c.folder, name)
            if not os.path.isfile(path) or \
                    hashlib.sha512(open(path, "rb").read()).hexdigest() != wanted:
                yield name


@rule("RFC 8493 2.2.1: a tag manifest lists no payload and not itself")
def bag_tags(c):
    for name in sums(c, "tagmanifest-sha512.txt"):
        if name.startswith("data/") or name.startswith("tagmanifest"):
            yield name


@rule("RFC 8493 2.2.2: bag-info.txt has lines `Label: value`; Payload-Oxum is right")
def bag_info(c):
    text = read(c, "bag-info.txt").decode("utf-8")
    for line in text.splitlines():
        if not re.match(r"^([^\s:][^:]*: |[ \t]+)\S", line):
            yield repr(line)
    oxum = re.search(r"^Payload-Oxum: (\d+)\.(\d+)$", text, re.M)
    found = [os.path.getsize(os.path.join(c.folder, f)) for f in files(c, "data")]
    if oxum and (int(oxum.group(1)), int(oxum.group(2))) != (sum(found), len(found)):
        yield oxum.group(0)


# --- RO-Crate 1.1 --------------------------------------------------------------------

@rule("RO-Crate, structure: a JSON-LD document with @context and @graph, and no other key")
def crate_document(c):
    if set(c.metadata) != {"@context", "@graph"} or not isinstance(c.metadata["@graph"], list):
        yield str(sorted(c.metadata))


@rule("RO-Crate, JSON-LD: the context gives meaning to the terms of RO-Crate 1.1")
def crate_context(c):
    if "https://w3id.org/ro/crate/1.1/context" not in listed(c.metadata.get("@context")):
        yield str(c.metadata.get("@context"))


@rule("RO-Crate, JSON-LD: flat: an entity is a direct child of @graph, and is referred to "
      "by an object with @id as the only key")
def crate_flat(c):
    for e in c.graph:
        if not isinstance(e, dict) or not isinstance(e.get("@id"), str) or not types(e):
            yield json.dumps(e)[:80]
            continue
        for key, value in e.items():
            for v in listed(value):
                if isinstance(v, list) or (isinstance(v, dict) and set(v) != {"@id"}):
                    yield f"{e['@id']}: {key}"


@rule("RO-Crate, contextual entities: no two entities have the same @id")
def crate_unique(c):
    seen = [e.get("@id") for e in c.graph if isinstance(e, dict)]
    for i in {i for i in seen if seen.count(i) > 1} if len(seen) != len(set(seen)) else ():
        yield str(i)


@rule("RO-Crate, root: a descriptor ro-crate-metadata.json, a CreativeWork about the root")
def crate_descriptor(c):
    e = c.by_id.get("ro-crate-metadata.json")
    if e is None or not has(e, "CreativeWork"):
        yield "no descriptor"
    elif c.root is None:
        yield "about nothing"
    elif "https://w3id.org/ro/crate/1.1" not in c.ids(e, "conformsTo"):
        yield "conformsTo does not name RO-Crate 1.1"


@rule("RO-Crate, root: a Dataset whose @id ends in /")
def crate_root(c):
    if c.root is None or not has(c.root, "Dataset") or not c.root["@id"].endswith("/"):
        yield str(c.root and c.root.get("@id"))


@rule("RO-Crate, root: name, description, datePublished and license")
def crate_root_properties(c):
    for key in ("name", "description", "datePublished", "license"):
        if not (c.root or {}).get(key):
            yield key


@rule("RO-Crate, root: datePublished is one string, a date of ISO 8601")
def crate_date(c):
    date = (c.root or {}).get("datePublished")
    try:
        datetime.date.fromisoformat(date[:10])
    except (TypeError, ValueError):
        yield str(date)


@rule("RO-Crate, JSON-LD: @id is a URI: absolute, or a path below the root, or #local")
def crate_uris(c):
    for i in c.by_id:
        if not isinstance(i, str) or re.search(r'[\s<>"{}|\\^`]', i) or \
                re.search(r"%(?![0-9A-Fa-f]{2})", i) or ".." in i.split("/") or i.startswith("/"):
            yield str(i)


@rule("RO-Crate, data entities: a file or folder lies in the crate, or is on the web")
def crate_present(c):
    for e in c.of_type("File") + c.of_type("Dataset"):
        i = e["@id"]
        path = os.path.join(c.folder, "data", urllib.parse.unquote(i))
        there = os.path.isfile(path) if has(e, "File") else os.path.isdir(path)
        if not is_absolute(i) and (i.startswith("#") or not there):
            yield i


@rule("RO-Crate, data entities: linked from the root by hasPart, directly or not")
def crate_linked(c):
    seen, todo = set(), [c.root]
    while todo:
        e = todo.pop()
        if e is None or e["@id"] in seen:
            continue
        seen.add(e["@id"])
        todo += c.targets(e, "hasPart")
    for e in c.of_type("File") + c.of_type("Dataset"):
        if e["@id"] not in seen:
            yield e["@id"]


@rule("RO-Crate, workflows: a script has File, SoftwareSourceCode and a name; a workflow is "
      "a ComputationalWorkflow, too")
def crate_scripts(c):
    for e in c.of_type("SoftwareSourceCode") + c.workflows():
        if not has(e, "SoftwareSourceCode") or not e.get("name") or \
                (not has(e, "File") and not e["@id"].startswith("#")):
            yield e["@id"]


@rule("RO-Crate, workflows: a ComputerLanguage or SoftwareApplication has name, url, version")
def crate_software(c):
    for e in c.of_type("ComputerLanguage") + c.of_type("SoftwareApplication"):
        for key in ("name", "url", "version"):
            if not e.get(key):
                yield f"{e['@id']}: {key}"


@rule("RO-Crate, contextual entities: a citation refers to a publication by its URL")
def crate_citation(c):
    for v in listed((c.root or {}).get("citation")):
        if not isinstance(v, dict) or not is_absolute(v.get("@id", "")):
            yield str(v)


@rule("RO-Crate, provenance: times of actions are dates of ISO 8601")
def crate_times(c):
    for e in c.runs():
        for key in ("startTime", "endTime"):
            try:
                if key in e:
                    datetime.datetime.fromisoformat(e[key].replace("Z", "+00:00"))
            except (AttributeError, ValueError):
                yield f"{e['@id']}: {key}"


@rule("RO-Crate, provenance: an actionStatus is one that schema.org has")
def crate_status(c):
    for e in c.runs():
        for v in listed(e.get("actionStatus")):
            v = v.get("@id") if isinstance(v, dict) else v
            if not re.fullmatch(r"https?://schema.org/(Active|Completed|Failed|Potential)"
                                r"ActionStatus", str(v)):
                yield f"{e['@id']}: {v}"


# --- Workflow RO-Crate 1.0, which Workflow Run Crate extends ---------------------------

@rule("Workflow RO-Crate: mainEntity is a File, SoftwareSourceCode, ComputationalWorkflow")
def workflow_main(c):
    if not has(c.main(), "File", "SoftwareSourceCode", "ComputationalWorkflow"):
        yield str(c.main() and c.main()["@id"])


@rule("Workflow RO-Crate: the main workflow refers to its programmingLanguage")
def workflow_language(c):
    if not any(has(e, "ComputerLanguage") for e in c.targets(c.main(), "programmingLanguage")):
        yield "none"


# --- Process Run Crate 0.5 -------------------------------------------------------------

def profile(c, uri):
    e = c.by_id.get(uri)
    if uri not in c.ids(c.root, "conformsTo"):
        yield f"{uri} is not named"
    elif e is None or not has(e, "CreativeWork"):
        yield f"{uri} is no CreativeWork"


@rule("Process Run Crate: the root conformsTo a CreativeWork that is the profile's permalink")
def process_profile(c):
    return profile(c, "https://w3id.org/ro/wfrun/process/0.5")


@rule("Process Run Crate: a tool has @id and a @type")
def process_tool(c):
    for e in c.runs():
        for t in c.targets(e, "instrument"):
            if t is None or not {"SoftwareApplication", "SoftwareSourceCode",
                                 "ComputationalWorkflow"} & set(types(t)):
                yield e["@id"]


@rule("Process Run Crate: an action has an instrument")
def process_instrument(c):
    if not c.runs():
        yield "no action"
    for e in c.runs():
        if not c.ids(e, "instrument"):
            yield e["@id"]


@rule("Process Run Crate: objects and results of actions are entities of the crate")
def process_objects(c):
    for e in c.runs():
        for key in ("object", "result"):
            for i, t in zip(c.ids(e, key), c.targets(e, key)):
                if t is None:
                    yield f"{e['@id']}: {i}"


# --- Workflow Run Crate 0.5 ------------------------------------------------------------

@rule("Workflow Run Crate: the root conformsTo a CreativeWork that is the profile's permalink")
def run_profile(c):
    return profile(c, "https://w3id.org/ro/wfrun/workflow/0.5")


@rule("Workflow Run Crate: an action has the main workflow as its instrument")
def run_action(c):
    if not any(c.main() and c.main()["@id"] in c.ids(e, "instrument") for e in c.runs()):
        yield "none"


@rule("Workflow Run Crate: slots are FormalParameters, referred to by input and output")
def run_slots(c):
    for e in c.workflows() + c.tools():
        for key in ("input", "output"):
            for i, t in zip(c.ids(e, key), c.targets(e, key)):
                if not has(t, "FormalParameter"):
                    yield f"{(e or {}).get('@id')}: {i}"
            if any(not isinstance(v, dict) for v in listed((e or {}).get(key))):
                yield f"{e['@id']}: {key}"


@rule("Workflow Run Crate: a FormalParameter has an additionalType")
def run_types(c):
    for e in c.of_type("FormalParameter"):
        if not e.get("additionalType"):
            yield e["@id"]


@rule("Workflow Run Crate: what matches no slot of the workflow refers to none of its slots: "
      "an object realizes inputs of it alone, a result outputs")
def run_matches(c):
    for w in c.workflows():
        slots = {key: set(c.ids(w, key)) for key in ("input", "output")}
        for e in c.runs():
            if w["@id"] not in c.ids(e, "instrument"):
                continue
            for key, other in (("object", "output"), ("result", "input")):
                for t in c.targets(e, key):
                    if set(c.ids(t, "exampleOfWork")) & slots[other] and \
                            not set(c.ids(t, "exampleOfWork")) & slots[
                                "input" if other == "output" else "output"]:
                        yield f"{e['@id']}: {t['@id']}"


@rule("Workflow Run Crate: exampleOfWork of a value refers to a FormalParameter")
def run_values(c):
    for e in c.of_type("PropertyValue"):
        for i, t in zip(c.ids(e, "exampleOfWork"), c.targets(e, "exampleOfWork")):
            if not has(t, "FormalParameter"):
                yield f"{e['@id']}: {i}"


# --- Provenance Run Crate 0.5 ------------------------------------------------------------

@rule("Provenance Run Crate: the root conformsTo a CreativeWork that is the permalink")
def provenance_profile(c):
    return profile(c, "https://w3id.org/ro/wfrun/provenance/0.5")


@rule("Provenance Run Crate: the workflow refers to its tools by hasPart")
def provenance_tools(c):
    for w in c.workflows():
        if not c.ids(w, "hasPart") or None in c.targets(w, "hasPart"):
            yield w["@id"]


@rule("Provenance Run Crate: runs of tools are recorded, each with a tool of the workflow")
def provenance_runs(c):
    tools = {t["@id"] for t in c.tools() if t} | {w["@id"] for w in c.workflows()}
    of_tools = [e for e in c.runs() if c.main() and c.main()["@id"] not in c.ids(e, "instrument")]
    if not of_tools:
        yield "no run of a tool"
    for e in of_tools:
        if not set(c.ids(e, "instrument")) & tools:
            yield e["@id"]


@rule("Provenance Run Crate: a workflow with steps is a HowTo; its steps are HowToSteps")
def provenance_steps(c):
    steps = [i for w in c.workflows() for i in c.ids(w, "step")]
    for w in c.workflows():
        if w.get("step") and not has(w, "HowTo"):
            yield w["@id"]
    for i in steps:
        if not has(c.by_id.get(i), "HowToStep"):
            yield i
    known = set(steps)
    for e in c.of_type("HowToStep"):
        if e["@id"] not in known:
            yield f"{e['@id']} is of no workflow"


@rule("Provenance Run Crate: a step refers to its tool by workExample")
def provenance_examples(c):
    tools = {t["@id"] for t in c.tools() if t}
    for e in c.of_type("HowToStep"):
        if not set(c.ids(e, "workExample")) & tools:
            yield e["@id"]


def run_of_step(c):
    """Step -> runs, by the actions that control them."""
    out = {}
    for e in c.of_type("ControlAction"):
        for s in c.ids(e, "instrument"):
            out.setdefault(s, []).extend(r for r in c.targets(e, "object") if r)
    return out


@rule("Provenance Run Crate: a step that needs the output of another has a greater position")
def provenance_positions(c):
    runs, maker = run_of_step(c), {}
    for s, actions in runs.items():
        for a in actions:
            for i in c.ids(a, "result"):
                maker.setdefault(i, []).append(s)
    def place(s):
        return int((c.by_id.get(s) or {}).get("position", -1))
    for s, actions in runs.items():
        for a in actions:
            for i in c.ids(a, "object"):
                before = [m for m in maker.get(i, []) if m != s]
                if before and all(place(m) >= place(s) for m in before):
                    yield f"{s} needs {i}"


@rule("Provenance Run Crate: a ControlAction has the step as instrument and its runs as object")
def provenance_control(c):
    for e in c.of_type("ControlAction"):
        if not any(has(t, "HowToStep") for t in c.targets(e, "instrument")) or \
                not any(has(t, "CreateAction") for t in c.targets(e, "object")):
            yield e["@id"]


@rule("Provenance Run Crate: an OrganizeAction has the engine as instrument, the actions of "
      "the steps as object and the run of the workflow as result")
def provenance_engine(c):
    for e in c.of_type("OrganizeAction"):
        engine = any(has(t, "SoftwareApplication") for t in c.targets(e, "instrument"))
        steps = set(c.ids(e, "object")) >= {a["@id"] for a in c.of_type("ControlAction")}
        result = any(t and c.main() and c.main()["@id"] in c.ids(t, "instrument")
                     for t in c.targets(e, "result"))
        if not (engine and steps and c.ids(e, "object") and result):
            yield e["@id"]


@rule("Provenance Run Crate: resource usage is a PropertyValue with a propertyID")
def provenance_usage(c):
    for e in c.runs():
        for i, t in zip(c.ids(e, "resourceUsage"), c.targets(e, "resourceUsage")):
            if not has(t, "PropertyValue") or not t.get("propertyID"):
                yield f"{e['@id']}: {i}"


# --- what this project promises beyond ----------------------------------------------------

@rule("basin: digest and size of a file are those of the file")
def basin_digests(c):
    for e in c.of_type("File"):
        path = os.path.join(c.folder, "data", urllib.parse.unquote(e["@id"]))
        if is_absolute(e["@id"]) or not os.path.isfile(path):
            continue
        data = open(path, "rb").read()
        if e.get("sha256") != hashlib.sha256(data).hexdigest() or \
                e.get("contentSize") != str(len(data)) or not e.get("encodingFormat"):
            yield e["@id"]


@rule("basin: every run has times of its own, inputs and a result; every value its unit")
def basin_runs(c):
    for e in c.runs():
        if not e.get("endTime") or not e.get("startTime") or e["startTime"] > e["endTime"] or \
                not c.ids(e, "result") or not c.ids(e, "agent"):
            yield e["@id"]
    for e in c.of_type("PropertyValue"):
        if "value" not in e or ("unitCode" in e and "unitText" not in e):
            yield e["@id"]


def complaints(crate):
    return [f"{name}: {what} ({RULES[name][0]})" for name in RULES for what in RULES[name][1](crate)]


# --- a crate with one rule broken ------------------------------------------------------------

def breakages(c):
    """(name of a rule, metadata that breaks it); for files: (name, file, its new bytes)."""
    def changed(edit):
        m = copy.deepcopy(c.metadata)
        edit(m, {e["@id"]: e for e in m["@graph"]})
        return m

    def edit(i, key, value):
        def apply(m, by_id):
            if value is None:
                by_id[i].pop(key)
            else:
                by_id[i][key] = value
        return changed(apply)

    main, run = c.main()["@id"], c.of_type("ControlAction")[0]
    step, action = c.ids(run, "instrument")[0], c.ids(run, "object")[0]
    tool, engine = c.ids(c.by_id[action], "instrument")[0], c.of_type("OrganizeAction")[0]["@id"]
    whole = c.ids(c.by_id[engine], "result")[0]
    slot = c.of_type("FormalParameter")[0]["@id"]
    usage = c.ids(c.by_id[action], "resourceUsage")[0]
    language = c.of_type("ComputerLanguage")[0]["@id"]
    value = next(e["@id"] for e in c.of_type("PropertyValue") if "exampleOfWork" in e)
    result = c.ids(c.by_id[whole], "result")[0]
    needed = next(e for e in c.of_type("ControlAction")
                  if any(i.startswith("results/") for i in c.ids(c.by_id[c.ids(e, "object")[0]], "object")))
    config = next(t["@id"] for t in c.targets(c.by_id[whole], "object")
                  if t["@id"].startswith("source/params/"))
    output = c.ids(c.main(), "output")[0]
    ref = lambda i: {"@id": i}
    yield "crate_document", dict(c.metadata, extra=1)
    yield "crate_context", dict(c.metadata, **{"@context": "https://schema.org/"})
    yield "crate_flat", edit("./", "author", {"@type": "Person", "name": "nested"})
    yield "crate_unique", changed(lambda m, b: m["@graph"].append({"@id": "./", "@type": "Dataset"}))
    yield "crate_descriptor", edit("ro-crate-metadata.json", "about", None)
    yield "crate_descriptor", edit("ro-crate-metadata.json", "@type", "File")
    yield "crate_descriptor", edit("ro-crate-metadata.json", "conformsTo", None)
    yield "crate_root", edit("./", "@type", "Thing")
    for key in ("name", "description", "datePublished", "license"):
        yield "crate_root_properties", edit("./", key, None)
    yield "crate_date", edit("./", "datePublished", "yesterday")
    yield "crate_uris", edit(action, "@id", "a blank")
    yield "crate_present", changed(lambda m, b: m["@graph"].append(
        {"@id": "results/none.h5", "@type": "File"}))
    yield "crate_linked", edit("./", "hasPart", None)
    yield "crate_scripts", edit(tool, "name", None)
    yield "crate_scripts", edit(main, "@type", ["File", "ComputationalWorkflow"])
    for key in ("name", "url", "version"):
        yield "crate_software", edit(language, key, None)
    yield "crate_citation", edit("./", "citation", "a paper")
    yield "crate_times", edit(action, "endTime", "noon")
    yield "crate_status", edit(action, "actionStatus", "done")
    yield "workflow_main", edit("./", "mainEntity", None)
    yield "workflow_language", edit(main, "programmingLanguage", None)
    for name in ("process", "run", "provenance"):
        uri = f"https://w3id.org/ro/wfrun/{'workflow' if name == 'run' else name}/0.5"
        yield f"{name}_profile", edit("./", "conformsTo", [
            v for v in c.root["conformsTo"] if v["@id"] != uri])
        yield f"{name}_profile", edit(uri, "@type", "Thing")
    yield "process_tool", edit(tool, "@type", "Thing")
    yield "process_instrument", edit(action, "instrument", None)
    yield "process_objects", edit(action, "object", ref("#nothing"))
    yield "run_action", edit(whole, "instrument", ref(tool))
    yield "run_slots", edit(main, "input", ref("./"))
    yield "run_slots", edit(tool, "output", "out")
    yield "run_types", edit(slot, "additionalType", None)
    yield "run_matches", edit(config, "exampleOfWork", ref(output))
    yield "run_values", edit(value, "exampleOfWork", ref("./"))
    yield "provenance_tools", edit(main, "hasPart", None)
    yield "provenance_runs", edit(action, "instrument", ref(language))
    yield "provenance_steps", edit(main, "@type", ["File", "SoftwareSourceCode",
                                                   "ComputationalWorkflow"])
    yield "provenance_steps", edit(main, "step", None)
    yield "provenance_examples", edit(step, "workExample", None)
    yield "provenance_positions", edit(c.ids(needed, "instrument")[0], "position", "0")
    yield "provenance_control", edit(run["@id"], "instrument", None)
    yield "provenance_control", edit(run["@id"], "object", None)
    for key in ("instrument", "object", "result"):
        yield "provenance_engine", edit(engine, key, None)
    yield "provenance_usage", edit(usage, "propertyID", None)
    yield "basin_digests", edit(result, "sha256", "0" * 64)
    yield "basin_digests", edit(result, "contentSize", "1")
    yield "basin_runs", edit(action, "startTime", "2999-01-01T00:00:00Z")


def broken_files(c):
    manifest, tags = read(c, "manifest-sha512.txt"), read(c, "tagmanifest-sha512.txt")
    lines = manifest.splitlines(True)
    yield "bag_declaration", "bagit.txt", b"BagIt-Version: 1.0\n"
    yield "bag_complete", "manifest-sha512.txt", b"".join(lines[1:])
    yield "bag_complete", "manifest-sha512.txt", manifest + lines[0]
    yield "bag_complete", "manifest-sha512.txt", manifest + b"0" * 128 + b"  data/none\n"
    yield "bag_sums", "manifest-sha512.txt", b"0" * 128 + lines[0][128:] + b"".join(lines[1:])
    yield "bag_tags", "tagmanifest-sha512.txt", tags + lines[0]
    yield "bag_info", "bag-info.txt", b"no label\n"
    yield "bag_info", "bag-info.txt", b"Payload-Oxum: 1.1\n"


def check_broken(folder):
    c, missed, tried = Crate(folder), [], set()
    for name, metadata in breakages(c):
        tried.add(name)
        if not list(RULES[name][1](Crate(folder, metadata))):
            missed.append(name)
    for name, path, data in broken_files(c):
        tried.add(name)
        old = read(c, path)
        with open(os.path.join(folder, path), "wb") as f:
            f.write(data)
        if not list(RULES[name][1](c)):
            missed.append(f"{name} ({path})")
        with open(os.path.join(folder, path), "wb") as f:
            f.write(old)
    missed += [f"{name} was never broken" for name in RULES if name not in tried]
    for m in missed:
        print(f"not noticed: {m}")
    print(f"{len(RULES)} rules, {len(missed)} not noticed")
    return len(missed) > 0


# --- JSON-LD ------------------------------------------------------------------------------------

# The terms that crates of basin use, as the two contexts that they name define them: those
# of RO-Crate 1.1 (a part of it, CC0) and of the terms for workflow runs.
SCHEMA = """CreativeWork Dataset ScholarlyArticle SoftwareApplication SoftwareSourceCode
ComputerLanguage Organization Person PropertyValue CreateAction ControlAction OrganizeAction
HowTo HowToStep about additionalType affiliation agent author citation contentSize creator
datePublished defaultValue description email encodingFormat endTime exampleOfWork familyName
givenName hasPart identifier instrument keywords license mainEntity mentions name object
position programmingLanguage propertyID result softwareRequirements startTime step unitCode
unitText url value version workExample""".split()
CRATE = dict({t: f"http://schema.org/{t}" for t in SCHEMA},
             File="http://schema.org/MediaObject",
             conformsTo="http://purl.org/dc/terms/conformsTo",
             **{t: f"https://bioschemas.org/{t}" for t in
                ("ComputationalWorkflow", "FormalParameter", "input", "output")})
RUNS = {t: f"https://w3id.org/ro/terms/workflow-run#{t}" for t in ("resourceUsage", "sha256")}


def check_context(folder, path):
    from pyld import jsonld
    c = Crate(folder)
    context = json.load(open(path, encoding="utf-8"))["@context"] if path else CRATE
    def load(url, options):
        if "workflow-run" in url:
            document = {"@context": RUNS}
        elif "ro/crate" in url:
            document = {"@context": context}
        else:
            raise IOError(f"{url}: not on this disk")
        return {"contentType": "application/ld+json", "contextUrl": None,
                "documentUrl": url, "document": document}
    base = "arcp://uuid,00000000-0000-8000-8000-000000000000/"
    expanded = jsonld.expand(c.metadata, {"documentLoader": load, "base": base})
    by_id = {e["@id"]: e for e in expanded}
    bad = []
    for e in c.graph:
        i = jsonld.prepend_base(base, e["@id"])
        got = by_id.get(i, {})
        if len(got.get("@type", [])) != len(types(e)) or \
                any(not is_absolute(t) for t in got.get("@type", [])):
            bad.append(f"{e['@id']}: a type without meaning, {types(e)}")
        if len([k for k in got if k[0] != "@"]) != len([k for k in e if k[0] != "@"]):
            bad.append(f"{e['@id']}: a key without meaning among {sorted(e)}")
        for k in e:
            for r in Crate.ids(e, k) if k[0] != "@" else ():
                if jsonld.prepend_base(base, r) not in by_id and not is_absolute(r):
                    bad.append(f"{e['@id']}: {k} refers to {r}, which is not there")
    root = by_id.get(base, {})
    if root.get("http://schema.org/name", [{}])[0].get("@value") != c.root["name"]:
        bad.append("the root has no schema.org name")
    for b in bad[:20]:
        print(b)
    print(f"{len(expanded)} entities, {len(bad)} complaints")
    return len(bad) > 0


def main(args):
    if len(args) == 2 and args[0] == "--broken":
        return check_broken(args[1])
    if len(args) in (2, 3) and args[0] == "--context":
        return check_context(args[1], args[2] if len(args) == 3 else None)
    found = complaints(Crate(args[0]))
    for line in found:
        print(line)
    print(f"{len(RULES)} rules, {len(found)} complaints")
    return len(found) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
