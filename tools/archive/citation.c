/* SPDX-License-Identifier: MIT
 *
 * CITATION.cff (citation-file-format.github.io, 1.2.0): who wrote the project and what
 * it is called, in YAML.  Scalars become texts, since nothing in it is computed with. */
#include "deposit.h"

#include <basin/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static json_t *convert(yaml_document_t *doc, yaml_node_t *n, int depth)
{
    json_t *json = NULL;
    if (n == NULL || depth > 32)
        return json_null();
    if (n->type == YAML_SCALAR_NODE)
        return json_stringn((const char *)n->data.scalar.value, n->data.scalar.length);
    if (n->type == YAML_SEQUENCE_NODE) {
        json = json_array();
        for (yaml_node_item_t *i = n->data.sequence.items.start;
             i < n->data.sequence.items.top; i++)
            json_array_append_new(json, convert(doc, yaml_document_get_node(doc, *i),
                                                depth + 1));
        return json;
    }
    json = json_object();
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = yaml_document_get_node(doc, p->key);
        if (key != NULL && key->type == YAML_SCALAR_NODE)
            json_object_set_new(json, (const char *)key->data.scalar.value,
                                convert(doc, yaml_document_get_node(doc, p->value),
                                        depth + 1));
    }
    return json;
}

static bn_status parse(FILE *f, const char *path, json_t **json)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    if (yaml_parser_initialize(&parser) == 0)
        return bn_fail(BN_NOMEM, "%s: out of memory", path);
    yaml_parser_set_input_file(&parser, f);
    bn_status rc = BN_OK;
    if (yaml_parser_load(&parser, &doc) == 0) {
        rc = bn_fail(BN_INPUT, "%s:%zu: no YAML (%s)", path, parser.problem_mark.line + 1,
                     parser.problem ? parser.problem : "unknown");
    } else {
        *json = convert(&doc, yaml_document_get_root_node(&doc), 0);
        yaml_document_delete(&doc);
    }
    yaml_parser_delete(&parser);
    return rc;
}

char *citation_name(const json_t *author)
{
    const char *given = text_of(author, "given-names"), *last = text_of(author, "family-names"),
               *particle = text_of(author, "name-particle"), *whole = text_of(author, "name");
    if (whole[0] != '\0')
        return bn_copy(whole);
    return bn_format("%s%s%s%s%s", given, given[0] ? " " : "", particle,
                     particle[0] ? " " : "", last);
}

bn_status citation_load(const char *path, json_t **cff)
{
    FILE *f = fopen(path, "rb");
    *cff = NULL;
    if (f == NULL)
        return bn_fail(BN_INPUT, "%s: cannot be read (%s); it says who made the archive: write "
                       "one with title, authors and license (docs/archive.md)", path,
                       strerror(errno));
    bn_status rc = parse(f, path, cff);
    fclose(f);
    BN_TRY(rc);
    const json_t *author = json_array_get(json_object_get(*cff, "authors"), 0);
    char *name = citation_name(author);
    const char *missing = text_of(*cff, "title")[0] == '\0' ? "title: \"...\""
                          : name == NULL || name[0] == '\0'
                              ? "authors: [{family-names: ..., given-names: ...}]"
                          : text_of(*cff, "license")[0] == '\0' &&
                            !json_is_array(json_object_get(*cff, "license"))
                              ? "license: MIT" : NULL;
    free(name);
    return missing == NULL ? BN_OK
           : bn_fail(BN_INPUT, "%s: an archive must say what it is, whose, and what others may "
                     "do with it: add a line `%s`", path, missing);
}
