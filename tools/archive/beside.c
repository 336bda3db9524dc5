/* SPDX-License-Identifier: MIT
 *
 * What stands beside the crate: goals.json, from which `basin verify` knows what to make
 * again and what to compare it with; environment.json; codecheck.yml.          */
#include "deposit.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

/* --- goals.json ------------------------------------------------------------- */

static json_t *texts(const struct list *l)
{
    json_t *array = json_array();
    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(array, json_string(l->at[i]));
    return array;
}

static json_t *describe(const struct deposit *a, const struct look_node *n)
{
    const struct item *item = deposit_item(a, n->name);
    const json_t *m = n->object.manifest;
    json_t *node = item == NULL ? NULL
        : json_pack("{s:s+ ss ss ss}", "file", "results/", n->name, "stage",
                    text_of(n->node, "stage"), "content", n->content, "sha256",
                    item->sha256);
    if (node != NULL && m == NULL) {
        json_object_set_new(node, "own", json_true());
    } else if (node != NULL) {
        json_object_set_new(node, "code", json_string(text_of(m, "code")));
        json_object_set_new(node, "k2", json_string(n->object.k2));
        json_object_set_new(node, "manifest", json_pack("s++", "runs/", n->object.k2,
                                                        ".json"));
    }
    return node;
}

bn_status beside_goals(struct deposit *a)
{
    json_t *nodes = json_object();
    for (size_t i = 0; i < a->names.n; i++)
        if (json_object_set_new(nodes, a->names.at[i],
                                describe(a, look_find(&a->look, a->names.at[i]))) != 0) {
            json_decref(nodes);
            return BN_NOMEM;
        }
    for (size_t i = 0; i < a->strays.n; i++)
        json_object_set_new(nodes, a->strays.at[i],
                            json_pack("{s:s+ ss sb}", "file", "results/", a->strays.at[i],
                                      "sha256", deposit_item(a, a->strays.at[i])->sha256,
                                      "own", true));
    return payload_json(&a->payload, "data/goals.json",
                        json_pack("{ss so ss ss sO so}", "format", BASIN_FORMAT, "goals",
                                  texts(&a->goals), "from", a->look.from, "set", a->look.set,
                                  "data", a->data, "nodes", nodes));
}

/* --- environment.json ------------------------------------------------------- */

/* "gcc ... -lm cc=12.2.0 hdf5=1.10.8": the last words are versions of libraries. */
json_t *beside_build(const char *text)
{
    json_t *libraries = json_object();
    const char *end = text + strlen(text), *compiler = "";
    char *version = NULL;
    for (const char *p = end; p > text; end = p) {
        while (p > text && p[-1] != ' ')
            p--;
        const char *equals = memchr(p, '=', (size_t)(end - p));
        if (equals == NULL || *p == '-' || equals == p)
            break;
        char *name = bn_format("%.*s", (int)(equals - p), p);
        char *number = bn_format("%.*s", (int)(end - equals - 1), equals + 1);
        if (name != NULL && number != NULL && strcmp(name, "cc") == 0) {
            free(version);
            version = bn_copy(number);
        } else if (name != NULL && number != NULL) {
            json_object_set_new(libraries, name, json_string(number));
        }
        free(number);
        free(name);
        while (p > text && p[-1] == ' ')
            p--;
    }
    compiler = version ? version : "not recorded";
    json_t *build = json_pack("{s:s% ss so ss}", "compiler", text, strcspn(text, " "),
                              "compiler_version", compiler, "libraries", libraries,
                              "command", text);
    free(version);
    return build;
}

/* Under `key`, the description and how many nodes came about so. */
static void count(json_t *among, const char *key, json_t *fresh)
{
    json_t *known = json_object_get(among, key);
    if (known == NULL) {
        json_object_set_new(fresh, "runs", json_integer(0));
        json_object_set(among, key, fresh);
        known = fresh;
    }
    const json_int_t n = json_integer_value(json_object_get(known, "runs"));
    json_object_set_new(known, "runs", json_integer(n + 1));
    json_decref(fresh);
}

static json_t *values(const json_t *object)
{
    json_t *array = json_array(), *value;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
        json_array_append(array, value);
    return array;
}

/* Artifacts alone need no gnuplot: what is not installed is left out. */
static void add_version(const struct deposit *a, json_t *programs, const char *program,
                        const char *argument)
{
    char *version = NULL;
    if (store_version(a->look.results, program, argument, &version) == BN_OK)
        json_object_set_new(programs, program, json_string(version));
    free(version);
}

bn_status beside_environment(struct deposit *a)
{
    json_t *builds = json_object(), *machines = json_object(), *programs = json_object();
    add_version(a, programs, "make", "--version");
    add_version(a, programs, "gnuplot", "--version");
    add_version(a, programs, "pdftocairo", "-v");
    for (size_t i = 0; i < a->names.n; i++) {
        const json_t *m = look_find(&a->look, a->names.at[i])->object.manifest;
        const char *host = text_of(m, "host"), *system = text_of(m, "system"),
                   *cpu = text_of(m, "cpu");
        char *key = m ? bn_format("%s\n%s\n%s", host, system, cpu) : NULL;
        if (key == NULL)
            continue;
        count(machines, key, json_pack("{ss ss ss}", "host", host, "system", system, "cpu",
                                       cpu));
        count(builds, text_of(m, "build"), beside_build(text_of(m, "build")));
        free(key);
    }
    const bn_status rc = payload_json(&a->payload, "data/environment.json",
                                      json_pack("{ss ss so so sO}", "format", BASIN_FORMAT,
                                                "basin", BASIN_VERSION, "builds",
                                                values(builds), "machines", values(machines),
                                                "programs", programs));
    json_decref(programs);
    json_decref(machines);
    json_decref(builds);
    return rc;
}

/* --- codecheck.yml ------------------------------------------------------------ */

bn_status beside_title(const char *script, char **title)
{
    char *text, *name = bn_copy(strrchr(script, '/') ? strrchr(script, '/') + 1 : script);
    *title = NULL;
    BN_TRY(file_read(script, &text, NULL));
    if (name != NULL)
        name[strcspn(name, ".")] = '\0';
    char *mark = name ? bn_format("# %s: ", name) : NULL;
    const char *line = mark ? strstr(text, mark) : NULL;
    if (line != NULL)
        *title = bn_format("%.*s", (int)strcspn(line + strlen(mark), "\n"),
                           line + strlen(mark));
    else
        *title = bn_copy("");
    free(mark);
    free(name);
    free(text);
    return *title ? BN_OK : BN_NOMEM;
}

/* A text of JSON is one of YAML, too. */
static void print_text(FILE *f, const char *before, const char *text)
{
    json_t *json = json_string(text);
    char *quoted = json_dumps(json, JSON_ENCODE_ANY);
    fprintf(f, "%s%s\n", before, quoted ? quoted : "\"\"");
    free(quoted);
    json_decref(json);
}

static void print_outputs(FILE *f, const struct deposit *a)
{
    for (size_t i = 0; i < a->targets.n; i++) {
        const struct look_node *n = look_find(&a->look, a->targets.at[i]);
        const char *dot = strrchr(n->name, '.'), *script = text_of(n->node, "script");
        char *title = NULL, *file = bn_format("results/%s", n->name);
        /* svg and png are the pdf in other clothes */
        if (strcmp(dot, ".svg") != 0 && strcmp(dot, ".png") != 0) {
            if (script[0] != '\0' && beside_title(script, &title) != BN_OK)
                title = NULL;
            print_text(f, "  - file: ", file ? file : "");
            print_text(f, "    comment: ", title && title[0] ? title
                       : strcmp(dot, ".tex") == 0 ? "numbers that the text may cite" : n->name);
        }
        free(file);
        free(title);
    }
}

static void print_authors(FILE *f, const struct deposit *a)
{
    size_t i;
    json_t *author;
    fprintf(f, "  authors:\n");
    json_array_foreach(json_object_get(a->cff, "authors"), i, author) {
        char *name = citation_name(author);
        const char *orcid = strstr(text_of(author, "orcid"), "orcid.org/");
        print_text(f, "    - name: ", name ? name : "");
        if (orcid != NULL)
            print_text(f, "      ORCID: ", orcid + strlen("orcid.org/"));
        free(name);
    }
}

/* The project's own goes in as it is. */
bn_status beside_codecheck(struct deposit *a)
{
    char *text = NULL;
    size_t size;
    if (file_exists("codecheck.yml"))
        return payload_file(&a->payload, "data/codecheck.yml", "codecheck.yml");
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return BN_NOMEM;
    fprintf(f, "---\nversion: https://codecheck.org.uk/spec/config/1.0\npaper:\n");
    print_text(f, "  title: ", text_of(a->cff, "title"));
    print_authors(f, a);
    if (text_of(a->cff, "doi")[0] != '\0') {
        char *url = bn_format("https://doi.org/%s", text_of(a->cff, "doi"));
        print_text(f, "  reference: ", url ? url : "");
        free(url);
    }
    fprintf(f, "manifest:\n");
    print_outputs(f, a);
    fprintf(f, "# for the codechecker to fill in\ncodechecker: []\nsummary: \"\"\n"
            "report: \"\"\n");
    return fclose(f) == 0 ? payload_text(&a->payload, "data/codecheck.yml", text) : BN_NOMEM;
}

/* --- README.md ---------------------------------------------------------------- */

bn_status beside_readme(struct deposit *a)
{
    char *goals = list_sentence(&a->goals), *words = bn_copy("");
    char *set = set_shown(a->look.set);
    for (size_t i = 0; i < a->goals.n && words != NULL; i++) {
        const bool file = strpbrk(a->goals.at[i], "./") != NULL;
        char *longer = bn_format("%s %s%s", words, file ? "results/" : "", a->goals.at[i]);
        free(words);
        words = longer;
    }
    char *text = bn_format(
        "# %s\n\n"
        "This archive holds %s of the pipeline %s, and all that they were made from.\n\n"
        "| | |\n|---|---|\n"
        "| `results/` | figures and artifacts (HDF5), as they were made |\n"
        "| `source/` | the project: programs, parameters, scripts, tests |\n"
        "| `recordings/` | recorded data that was read, if it was small enough |\n"
        "| `runs/` | a manifest for each run: parameters, digests, times, machine |\n"
        "| `ro-crate-metadata.json` | how all this hangs together (RO-Crate 1.1, Workflow Run "
        "RO-Crate 0.5) |\n"
        "| `goals.json`, `environment.json` | for programs; compiler, libraries, machines |\n"
        "| `CITATION.cff`, `codecheck.yml` | how to cite it; for a codechecker |\n\n"
        "In the folder above this one, with the coreutils of any Linux:\n\n"
        "    sha512sum --quiet -c manifest-sha512.txt      # is every byte as it was?\n\n"
        "In `source/`, on Debian or Ubuntu, to make it again:\n\n"
        "    make deps%s FROM=%s%s BASIN_DATA=../recordings\n",
        text_of(a->cff, "title"), goals ? goals : "", a->look.from, words ? words : "",
        a->look.from, set ? set : "");
    free(set);
    free(words);
    free(goals);
    return payload_text(&a->payload, "data/README.md", text);
}
