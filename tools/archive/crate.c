/* SPDX-License-Identifier: MIT
 *
 * data/ro-crate-metadata.json: RO-Crate 1.1, with the Process, Workflow and Provenance
 * Run Crate profiles of Workflow Run RO-Crate 0.5.  The Makefile is the workflow, stages
 * and scripts are its tools, nodes are its steps, and each run of a stage is an action.
 * docs/archive.md has the picture; tests/crate.py checks what the specifications demand. */
#include "deposit.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

static const char rocrate[] = "https://w3id.org/ro/crate/1.1";
static const struct { const char *id, *name, *version; } profiles[] = {
    { "https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5" },
    { "https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5" },
    { "https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5" },
    { "https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0" },
};

/* --- people -------------------------------------------------------------------- */

static void add_author(struct crate *c, json_t *root, const json_t *author, size_t k)
{
    const char *orcid = text_of(author, "orcid");
    const bool person = text_of(author, "name")[0] == '\0';
    char *id = strncmp(orcid, "http", 4) == 0 ? crate_id("%s", orcid)
               : orcid[0] ? crate_id("https://orcid.org/%s", orcid)
                          : bn_format("#author-%zu", k + 1);
    char *name = citation_name(author);
    json_t *e = id ? crate_entity(c, id, person ? "Person" : "Organization") : NULL;
    if (e != NULL) {
        crate_text(e, "name", name);
        crate_text(e, "givenName", text_of(author, "given-names"));
        crate_text(e, "familyName", text_of(author, "family-names"));
        crate_text(e, "email", text_of(author, "email"));
        crate_text(e, "url", text_of(author, "website"));
        const char *affiliation = text_of(author, "affiliation");
        char *at = affiliation[0] ? crate_id("#organization/%s", affiliation) : NULL;
        if (at != NULL) {
            crate_text(crate_entity(c, at, "Organization"), "name", affiliation);
            crate_refer(e, "affiliation", at);
        }
        free(at);
        crate_refer(root, "author", id);
    }
    free(name);
    free(id);
}

/* "10.1101/...", also where somebody wrote the whole address. */
static const char *plain_doi(const json_t *work)
{
    const char *doi = text_of(work, "doi"), *start = strstr(doi, "10.");
    return start != NULL ? start : doi;
}

/* Papers that the citation refers to. */
static void add_references(struct crate *c, json_t *root, const json_t *cff)
{
    size_t i, k;
    json_t *paper, *author;
    json_array_foreach(json_object_get(cff, "references"), i, paper) {
        const char *doi = plain_doi(paper), *year = text_of(paper, "year");
        if (doi[0] == '\0')
            continue;
        char *id = crate_id("https://doi.org/%s", doi), *names = NULL;
        json_t *e = id ? crate_entity(c, id, "ScholarlyArticle") : NULL;
        json_array_foreach(json_object_get(paper, "authors"), k, author) {
            char *name = citation_name(author);
            char *longer = bn_format("%s%s%s", names ? names : "", names ? ", " : "",
                                     name ? name : "");
            free(name);
            free(names);
            names = longer;
        }
        if (e != NULL) {
            crate_text(e, "name", text_of(paper, "title"));
            crate_text(e, "author", names);
            crate_text(e, "datePublished", year);
            crate_refer(root, "citation", id);
        }
        free(names);
        free(id);
    }
}

static void add_people(struct crate *c, json_t *root)
{
    const json_t *cff = c->d->cff, *license = json_object_get(cff, "license");
    size_t i;
    json_t *each;
    json_array_foreach(json_object_get(cff, "authors"), i, each)
        add_author(c, root, each, i);
    if (json_is_string(license))
        crate_license(c, root, json_string_value(license));
    json_array_foreach(license, i, each)
        if (json_is_string(each))
            crate_license(c, root, json_string_value(each));
    if (plain_doi(cff)[0] != '\0')
        crate_format(root, "identifier", "https://doi.org/%s", plain_doi(cff));
    if (json_array_size(json_object_get(cff, "keywords")) > 0)
        json_object_set(root, "keywords", json_object_get(cff, "keywords"));
    add_references(c, root, cff);
}

/* --- files ----------------------------------------------------------------------- */

/* A file of the payload, as part of a folder of the crate or of the whole. */
static json_t *add_part(struct crate *c, json_t *folder, const char *name, const char *types)
{
    char *inside = bn_format("data/%s", name), *id = crate_id("%s", name);
    const struct item *item = inside ? payload_find(&c->d->payload, inside) : NULL;
    json_t *e = NULL;
    if (item != NULL && id != NULL && !crate_has(c, id)) {
        const char *slash = strrchr(name, '/');
        e = crate_entity(c, id, types);
        crate_text(e, "name", slash ? slash + 1 : name);
        crate_size(e, item);
        crate_refer(folder, "hasPart", id);
    }
    free(id);
    free(inside);
    return e;
}

static json_t *add_folder(struct crate *c, json_t *root, const char *name, const char *what)
{
    char *id = crate_id("%s/", name);
    json_t *e = id ? crate_entity(c, id, "Dataset") : json_object();
    crate_text(e, "name", name);
    crate_text(e, "description", what);
    if (id != NULL)
        crate_refer(root, "hasPart", id);
    free(id);
    return e;
}

static void add_recording(struct crate *c, json_t *root, json_t **folder, const char *name,
                          const json_t *entry)
{
    const char *source = text_of(entry, "source"), *licence = text_of(entry, "licence");
    const bool included = json_is_true(json_object_get(entry, "included"));
    const bool known = strcmp(source, "unknown") != 0;
    char *inside = bn_format("recordings/%s", name), *id = NULL;
    json_t *e;
    if (included && *folder == NULL)
        *folder = add_folder(c, root, "recordings", "Recordings that stages read; they have "
                             "licenses of their own");
    if (included) {
        e = inside ? add_part(c, *folder, inside, "File") : NULL;
        if (e != NULL && known)
            crate_text(e, "url", source);
    } else {
        id = known ? bn_copy(source) : bn_format("#recording-%s", text_of(entry, "sha256"));
        e = id ? crate_entity(c, id, known ? "File" : "CreativeWork") : NULL;
        if (e != NULL) {
            crate_format(e, "contentSize", "%lld",
                         (long long)json_integer_value(json_object_get(entry, "bytes")));
            crate_text(e, "sha256", text_of(entry, "sha256"));
            crate_text(e, "encodingFormat", crate_media(name));
            crate_refer(root, known ? "hasPart" : "mentions", id);
        }
    }
    if (e != NULL) {
        crate_text(e, "name", name);
        crate_format(e, "description", "%s%s%s%s%s", text_of(entry, "about"),
                     text_of(entry, "about")[0] ? ". " : "",
                     included ? "" : "Not in this archive, for its size. ",
                     known ? "" : "Where it comes from is not known to the project. ",
                     licence[0] ? "" : "Its license is not stated.");
        if (strncmp(licence, "CC", 2) == 0 && strchr(licence, ' ') == NULL)
            crate_license(c, e, licence);
    }
    free(id);
    free(inside);
}

static void add_files(struct crate *c, json_t *root)
{
    static const struct { const char *name, *what; } beside[] = {
        { "README.md", "What this archive is and how to check it" },
        { "CITATION.cff", "How to cite it" },
        { "goals.json", "What was asked for, and every artifact with its digests; basin "
                        "verify starts here" },
        { "environment.json", "Compiler, flags, libraries and machines of the runs" },
        { "codecheck.yml", "For a codechecker: the files that a run must give again" },
    };
    json_t *folder = NULL, *entry;
    const char *name;
    for (size_t i = 0; i < BN_LEN(beside); i++) {
        json_t *e = add_part(c, root, beside[i].name, "File");
        if (e != NULL)
            crate_text(e, "description", beside[i].what);
        if (e != NULL && i == 0)
            crate_refer(e, "about", "./");
    }
    json_object_foreach(c->d->data, name, entry)
        add_recording(c, root, &folder, name, entry);
}

/* --- the workflow ------------------------------------------------------------------ */

static json_t *add_workflow(struct crate *c, json_t *root, json_t *source)
{
    char *version = NULL;
    if (store_version(c->d->look.results, "make", "--version", &version) != BN_OK)
        version = bn_copy("");
    const char *number = version ? version + strcspn(version, "0123456789") : "";
    json_t *e = add_part(c, source, "source/Makefile",
                         "File SoftwareSourceCode ComputationalWorkflow HowTo");
    if (e == NULL)
        e = crate_entity(c, "source/Makefile", "SoftwareSourceCode");
    crate_software(c, "https://www.gnu.org/software/make/",
                   "ComputerLanguage SoftwareApplication", "GNU Make", number);
    crate_format(e, "name", "%s", text_of(c->d->cff, "title"));
    crate_text(e, "description", "Make orders the steps; the driver `basin` runs each of them, "
               "or takes its result from a cache, whose keys cover code, inputs and the "
               "parameters that were read");
    crate_refer(e, "programmingLanguage", "https://www.gnu.org/software/make/");
    crate_text(e, "version", BASIN_VERSION);
    json_object_set(e, "license", json_object_get(root, "license"));
    json_object_set(e, "creator", json_object_get(root, "author"));
    crate_refer(root, "mainEntity", "source/Makefile");
    free(version);
    return e;
}

static void add_heads(struct crate *c, json_t **root)
{
    const struct deposit *d = c->d;
    json_t *file = crate_entity(c, "ro-crate-metadata.json", "CreativeWork");
    char *goals = list_sentence(&d->goals);
    crate_refer(file, "about", "./");
    crate_refer(file, "conformsTo", rocrate);
    crate_refer(file, "conformsTo", profiles[3].id);
    *root = crate_entity(c, "./", "Dataset");
    crate_format(*root, "name", "%s: %s", text_of(d->cff, "title"), goals ? goals : "");
    crate_format(*root, "description", "%s of the pipeline %s%s%s, with all artifacts that they "
                 "were made from, the sources and parameters that made them, and the history "
                 "of every run", goals ? goals : "", d->look.from,
                 d->look.set[0] ? ", with " : "", d->look.set);
    crate_format(*root, "datePublished", "%.10s", d->date);
    for (size_t i = 0; i < BN_LEN(profiles); i++) {
        json_t *e = crate_entity(c, profiles[i].id, "CreativeWork");
        crate_text(e, "name", profiles[i].name);
        crate_text(e, "version", profiles[i].version);
        crate_refer(*root, "conformsTo", profiles[i].id);
    }
    free(goals);
}

bn_status crate_write(struct deposit *a)
{
    struct crate c = { .graph = json_array(), .ids = json_object(), .d = a };
    json_t *root;
    add_heads(&c, &root);
    add_people(&c, root);
    add_files(&c, root);
    json_t *source = add_folder(&c, root, "source", "The project as it was: make in this "
                                "folder makes everything again");
    json_t *workflow = add_workflow(&c, root, source);
    add_folder(&c, root, "results", "Figures and artifacts");
    add_folder(&c, root, "runs", "A manifest for each run: what it read, what it cost, when and "
               "where it ran");
    runs_write(&c, root, workflow);
    json_t *contexts = json_pack("[ss]", "https://w3id.org/ro/crate/1.1/context",
                                 "https://w3id.org/ro/terms/workflow-run/context");
    json_t *whole = json_pack("{so sO}", "@context", contexts, "@graph", c.graph);
    json_decref(c.ids);
    json_decref(c.graph);
    return payload_json(&a->payload, "data/ro-crate-metadata.json", whole);
}
