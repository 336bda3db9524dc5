/* SPDX-License-Identifier: MIT */
#include "lineage.h"
#include "look_priv.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

static bn_status add(struct lineage *line, const struct ancestor *a)
{
    if (line->n == line->room) {
        const size_t room = line->room ? 2 * line->room : 16;
        struct ancestor *more = bn_grow(line->at, room, sizeof *more);
        if (more == NULL)
            return BN_NOMEM;
        line->at = more;
        line->room = room;
    }
    line->at[line->n] = *a;
    line->at[line->n].name = bn_copy(a->name);
    json_incref(a->manifest);
    return line->at[line->n++].name ? BN_OK : BN_NOMEM;
}

/* What had this content when it was read: what bears its name now, if that is still the
 * same; else the run that gave it, whatever its name.                        */
static void find_ancestor(struct look *l, const char *name, const char *content,
                          struct ancestor *a, json_t **loaded)
{
    *loaded = NULL;
    *a = (struct ancestor){ .name = (char *)(uintptr_t)name, .now = look_find(l, name) };
    if (a->now != NULL && strcmp(a->now->object.content, content) == 0) {
        a->manifest = a->now->object.manifest;
        return;
    }
    if (a->now != NULL && a->now->state == LOOK_OWN && strcmp(a->now->content, content) == 0)
        return;
    const struct look_run *run = look_run_of(l, content);
    a->earlier = true;
    *loaded = run ? look_manifest(l, run->k2) : NULL;
    if (*loaded == NULL)
        return;
    a->manifest = *loaded;
    a->name = run->node;
    a->now = look_find(l, run->node);
}

static bn_status walk(struct look *l, const struct ancestor *a, struct lineage *line, int depth)
{
    const json_t *roles = json_object_get(a->now ? a->now->node : NULL, "inputs");
    const char *role;
    json_t *content;
    char *key = bn_format("%s %s", a->name, text_of(a->manifest, "k2"));
    if (key == NULL)
        return BN_NOMEM;
    const bool seen = json_object_get(line->seen, key) != NULL || depth > 200;
    json_object_set_new(line->seen, key, json_true());
    free(key);
    if (seen)
        return BN_OK;
    json_object_foreach(json_object_get(a->manifest, "inputs"), role, content) {
        struct ancestor next;
        json_t *loaded;
        const char *name = text_of(roles, role);
        find_ancestor(l, name[0] ? name : role, json_string_value(content), &next, &loaded);
        const bn_status rc = walk(l, &next, line, depth + 1);
        json_decref(loaded);
        BN_TRY(rc);
    }
    return add(line, a);
}

bn_status lineage_find(struct look *l, const struct look_node *n, struct lineage *line)
{
    const struct ancestor self = { .name = (char *)(uintptr_t)n->name, .now = n,
                                   .manifest = n->object.manifest };
    *line = (struct lineage){ .seen = json_object() };
    BN_TRY(look_history(l));
    return line->seen ? walk(l, &self, line, 0) : BN_NOMEM;
}

void lineage_free(struct lineage *line)
{
    for (size_t i = 0; i < line->n; i++) {
        free(line->at[i].name);
        json_decref(line->at[i].manifest);
    }
    free(line->at);
    json_decref(line->seen);
    *line = (struct lineage){ 0 };
}
