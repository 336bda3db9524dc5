/* SPDX-License-Identifier: MIT
 *
 * Sweeps.  A line `weights.lambda = {1e-8, 1e-6}` in the section `sweep` is an axis:
 * each stage that it reaches (weights, and whatever is made from weights) gets one
 * more node per value, several axes one per combination.  A point of the grid is a
 * node like any other, named after its plain node and its values in the order of the
 * file: ring/activity.circulant.lambda-1e-08.replicate-3.h5.  The plain node stays
 * what it is without the sweep.                                             */
#include "basin.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_AXES = 64, MOST_POINTS = 1000000, MOST_NAME = 240 };

/* --- axes ---------------------------------------------------------------- */

static void axis_free(struct axis *a)
{
    free(a->pipeline);
    free(a->section);
    free(a->key);
    free(a->origin);
    list_free(&a->texts);
    list_free(&a->values);
    list_free(&a->names);
    json_decref(a->wanted);
    *a = (struct axis){ 0 };
}

void sweep_free(struct settings *s)
{
    for (size_t i = 0; i < s->n_axes; i++)
        axis_free(&s->axes[i]);
    free(s->axes);
    s->axes = NULL;
    s->n_axes = 0;
}

/* "weights.lambda" or "seed"; buf is returned. */
static const char *axis_name(const struct axis *a, char buf[256])
{
    snprintf(buf, 256, "%s%s%s", a->section, a->section[0] ? "." : "", a->key);
    return buf;
}

/* A whole number in front of `end`; a range is made of them. */
static bool whole(const char *text, const char *end, long long *x)
{
    char *stop;
    const char *digits = text + (*text == '-');
    if (end - digits < 1 || end - digits > 15)
        return false;
    for (const char *c = digits; c < end; c++)
        if (!isdigit((unsigned char)*c))
            return false;
    *x = strtoll(text, &stop, 10);
    return stop == end;
}

/* "1..20" or "1..20..5". */
static bool is_range(const char *text, long long *from, long long *to, long long *step)
{
    const char *a = strstr(text, ".."), *b = a ? strstr(a + 2, "..") : NULL;
    *step = 1;
    return a != NULL && whole(text, a, from) &&
           whole(a + 2, b ? b : a + strlen(a), to) &&
           (b == NULL || whole(b + 2, b + strlen(b), step));
}

static bn_status add_texts(struct axis *a, const char *text)
{
    long long from, to, step;
    char number[32], name[256];
    if (!is_range(text, &from, &to, &step))
        return list_add(&a->texts, text);
    if (step < 1 || to < from)
        return bn_fail(BN_USAGE, "sweep of %s (%s): the range %s has no numbers; write "
                       "first..last or first..last..step", axis_name(a, name), a->origin,
                       text);
    if ((to - from) / step >= MOST_POINTS)
        return bn_fail(BN_USAGE, "sweep of %s (%s): the range %s has %lld values, more "
                       "than %d", axis_name(a, name), a->origin, text,
                       (to - from) / step + 1, MOST_POINTS);
    for (long long x = from; x <= to; x += step) {
        snprintf(number, sizeof number, "%lld", x);
        BN_TRY(list_add(&a->texts, number));
    }
    return BN_OK;
}

static struct axis *find_axis(struct settings *s, const char *pipeline, const char *name)
{
    char buf[256];
    for (size_t i = 0; i < s->n_axes; i++)
        if (strcmp(s->axes[i].pipeline, pipeline) == 0 &&
            strcmp(axis_name(&s->axes[i], buf), name) == 0)
            return &s->axes[i];
    return NULL;
}

static void remove_axis(struct settings *s, struct axis *a)
{
    axis_free(a);
    memmove(a, a + 1, (size_t)(s->axes + s->n_axes - a - 1) * sizeof *a);
    s->n_axes--;
}

bn_status sweep_add(struct settings *s, const char *pipeline, const char *name,
                    const char *const *texts, size_t n, const char *origin)
{
    struct axis *a = find_axis(s, pipeline, name);
    const char *dot = strrchr(name, '.');
    if (n == 0) {
        if (a != NULL)
            remove_axis(s, a);
        return BN_OK;
    }
    if (a == NULL) {
        struct axis *more = bn_grow(s->axes, s->n_axes + 1, sizeof *more);
        if (more == NULL)
            return BN_NOMEM;
        s->axes = more;
        a = &s->axes[s->n_axes++];
    } else {
        axis_free(a);
    }
    *a = (struct axis){
        .pipeline = bn_copy(pipeline), .key = bn_copy(dot ? dot + 1 : name),
        .section = bn_format("%.*s", dot ? (int)(dot - name) : 0, name),
        .origin = bn_copy(origin), .wanted = json_array(),
    };
    if (!a->pipeline || !a->key || !a->section || !a->origin || !a->wanted)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        BN_TRY(add_texts(a, texts[i]));
    return BN_OK;
}

static bool axis_hits(const struct axis *a, const struct stage_node *node)
{
    const size_t n = strlen(node->stage);
    if (strcmp(a->pipeline, node->pipeline) != 0)
        return false;
    if (a->section[0] == '\0')
        return node->schema->random;
    return strcmp(a->section, node->stage) == 0 ||
           (strncmp(a->section, node->stage, n) == 0 && a->section[n] == '.' &&
            strcmp(a->section + n + 1, node->variant) == 0);
}

/* --- values -------------------------------------------------------------- */

/* What stands in names of files: a file without folder and ending; no blank or =. */
static char *plain_name(const struct axis *a, const char *value, const char *label)
{
    const bool file = a->param->type == BN_TYPE_FILE;
    const char *slash = file ? strrchr(value, '/') : NULL;
    const char *start = slash ? slash + 1 : value;
    const char *dot = file ? strrchr(start, '.') : NULL;
    const size_t n = dot && dot > start ? (size_t)(dot - start) : strlen(start);
    char *name = bn_format("%s-%.*s", label, (int)n, start);
    for (char *c = name; c != NULL && *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("._-+", *c) == NULL)
            *c = '_';
    return name;
}

/* The key, or with its section if another axis has this key, too. */
static char *axis_label(const struct settings *s, const struct axis *a)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_axes; i++)
        n += strcmp(s->axes[i].key, a->key) == 0;
    char *label = n > 1 && a->section[0] ? bn_format("%s-%s", a->section, a->key)
                                         : bn_copy(a->key);
    for (char *c = label; c != NULL && *c != '\0'; c++)
        if (*c == '.')
            *c = '-';
    return label;
}

/* Two values that are one, or that one file name would stand for. */
static bn_status check_distinct(const struct axis *a)
{
    char name[256];
    json_t *seen = json_object();
    bn_status rc = seen ? BN_OK : BN_NOMEM;
    axis_name(a, name);
    for (size_t k = 0; k < a->values.n && rc == BN_OK; k++) {
        const char *value = a->values.at[k];
        const char *other = text_of(seen, a->names.at[k]);
        if (json_object_get(seen, a->names.at[k]) == NULL)
            json_object_set_new(seen, a->names.at[k], json_string(value));
        else if (strcmp(other, value) == 0)
            rc = bn_fail(BN_USAGE, "sweep of %s (%s): the value %s comes twice", name,
                         a->origin, value);
        else
            rc = bn_fail(BN_USAGE, "sweep of %s (%s): the values `%s` and `%s` would share "
                         "the file name `%s`", name, a->origin, other, value,
                         a->names.at[k]);
    }
    json_decref(seen);
    return rc;
}

static bn_status add_value(const struct sweep *s, struct axis *a, bn_values *v, size_t at,
                           const char *text, const char *label)
{
    BN_TRY(bn_values_set(v, a->section, a->key, &text, 1, a->origin));
    json_t *wanted = json_pack("{s{} s{}}", "parameters", "files");
    if (wanted == NULL || json_array_append_new(a->wanted, wanted) != 0)
        return BN_NOMEM;
    char name[256];
    const char *value = bn_values_canonical(v, at);
    char *plain = plain_name(a, value, label);
    bn_status rc = plain ? list_add(&a->names, plain) : BN_NOMEM;
    if (rc == BN_OK)
        rc = list_add(&a->values, value);
    if (rc == BN_OK)
        rc = plan_value(s->results, axis_name(a, name), v, at, wanted);
    free(plain);
    return rc;
}

static bn_status resolve_axis(const struct sweep *s, struct axis *a)
{
    const struct stage_node *node = NULL;
    char name[256];
    size_t at;
    bn_values *v = NULL;
    axis_name(a, name);
    for (size_t i = 0; i < s->n_nodes && node == NULL; i++)
        if (axis_hits(a, &s->nodes[i]))
            node = &s->nodes[i];
    if (node == NULL)
        return bn_fail(BN_USAGE, "sweep of %s (%s): no stage of %s is random", name,
                       a->origin, a->pipeline);
    BN_TRY(bn_values_new(&v, node->schema->params, node->schema->n_params));
    char *label = axis_label(s->settings, a);
    bn_status rc = label && bn_values_find(v, a->key, &at) ? BN_OK : BN_NOMEM;
    if (rc == BN_OK) {
        a->param = bn_values_param(v, at);
        if (a->param->type >= BN_TYPE_REALS)
            rc = bn_fail(BN_USAGE, "sweep of %s (%s): a parameter that is a list cannot be "
                         "swept; make a variant for each list", name, a->origin);
    }
    for (size_t k = 0; k < a->texts.n && rc == BN_OK; k++)
        rc = add_value(s, a, v, at, a->texts.at[k], label);
    free(label);
    if (rc == BN_OK)
        rc = check_distinct(a);
    if (rc == BN_OK && strlen(a->names.at[0]) > MOST_NAME)
        rc = bn_fail(BN_USAGE, "sweep of %s (%s): too long a name", name, a->origin);
    bn_values_free(v);
    return rc;
}

/* weights.gain and weights.circulant.gain would both set one parameter. */
static bn_status check_pairs(const struct settings *s)
{
    char one[256], two[256];
    for (size_t i = 0; i < s->n_axes; i++)
        for (size_t k = 0; k < s->n_axes; k++) {
            const struct axis *a = &s->axes[i], *b = &s->axes[k];
            const size_t n = strlen(a->section);
            if (i != k && strcmp(a->pipeline, b->pipeline) == 0 &&
                strcmp(a->key, b->key) == 0 && n > 0 &&
                strncmp(a->section, b->section, n) == 0 && b->section[n] == '.')
                return bn_fail(BN_USAGE, "sweep of %s (%s) and of %s (%s): both set one "
                               "parameter; keep one of them", axis_name(a, one), a->origin,
                               axis_name(b, two), b->origin);
        }
    if (s->n_axes > MOST_AXES)
        return bn_fail(BN_USAGE, "sweep: %zu parameters, more than %d", s->n_axes,
                       (int)MOST_AXES);
    return BN_OK;
}

/* --- which axes reach a node --------------------------------------------- */

struct expansion {
    struct sweep *s;
    const struct axis *axes;
    size_t n_axes;
    json_t *index;                       /* name -> position in s->nodes */
    uint64_t *mask;                      /* per node: the axes that reach it */
    enum { NEW, BUSY, DONE } *seen;
    size_t at[MOST_AXES];                /* the point: a value per axis */
    size_t n_points;
};

static bool find_node(const struct expansion *x, const char *name, size_t *i)
{
    const json_t *at = json_object_get(x->index, name);
    *i = (size_t)json_integer_value(at);
    return at != NULL;
}

/* A file of the user's own is reached by none. */
static uint64_t mask_of(const struct expansion *x, const char *name)
{
    size_t i;
    return find_node(x, name, &i) ? x->mask[i] : 0;
}

static bn_status reach(struct expansion *x, size_t i);

static bn_status reach_input(struct expansion *x, const char *name, uint64_t *mask)
{
    size_t i;
    if (!find_node(x, name, &i))
        return BN_OK;
    BN_TRY(reach(x, i));
    *mask |= x->mask[i];
    return BN_OK;
}

static bn_status reach(struct expansion *x, size_t i)
{
    const struct stage_node *node = &x->s->nodes[i];
    if (x->seen[i] == DONE)
        return BN_OK;
    if (x->seen[i] == BUSY)
        return bn_fail(BN_USAGE, "pipelines/: %s needs itself, through its prerequisites",
                       node->name);
    x->seen[i] = BUSY;
    json_t *json = json_object_get(x->s->plan, node->name), *input, *names;
    const char *role;
    uint64_t mask = 0, gathered = 0;
    size_t k;
    for (size_t a = 0; a < x->n_axes; a++)
        if (axis_hits(&x->axes[a], node))
            mask |= (uint64_t)1 << a;
    json_object_foreach(json_object_get(json, "inputs"), role, input)
        BN_TRY(reach_input(x, json_string_value(input), &mask));
    json_object_foreach(json_object_get(json, "gather"), role, names)
        json_array_foreach(names, k, input)
            BN_TRY(reach_input(x, json_string_value(input), &gathered));
    x->mask[i] = mask;
    x->seen[i] = DONE;
    return BN_OK;
}

/* --- points -------------------------------------------------------------- */

static bool has_axis(uint64_t mask, size_t a)
{
    return (mask >> a & 1) != 0;
}

/* Go to the next point of the axes in `mask`, the last one fastest; false at the end,
 * where all stand at their first value again.                               */
static bool step(struct expansion *x, uint64_t mask)
{
    for (size_t a = x->n_axes; a-- > 0;) {
        if (!has_axis(mask, a))
            continue;
        if (++x->at[a] < x->axes[a].values.n)
            return true;
        x->at[a] = 0;
    }
    return false;
}

/* "ring/weights.h5" at this point, cut by axes that do not reach it. */
static bn_status point_name(const struct expansion *x, const char *plain, char buf[4096])
{
    const uint64_t mask = mask_of(x, plain);
    size_t n = strlen(plain) - 3;
    memcpy(buf, plain, n);
    for (size_t a = 0; a < x->n_axes; a++) {
        const char *name = x->axes[a].names.n ? x->axes[a].names.at[x->at[a]] : "";
        const size_t m = strlen(name);
        if (!has_axis(mask, a))
            continue;
        if (n + m + 8 > MOST_NAME)
            return bn_fail(BN_USAGE, "sweep: the name %.*s.%s.h5 is too long for a file; "
                           "sweep fewer parameters, or shorter values", (int)n, buf, name);
        buf[n++] = '.';
        memcpy(buf + n, name, m);
        n += m;
    }
    strcpy(buf + n, ".h5");
    return BN_OK;
}

/* One more point of a gathered role. */
static bn_status gather_point(const struct expansion *x, const char *role, size_t k,
                              const char *plain, json_t *inputs, json_t *points)
{
    char name[4096], slot[300];
    const uint64_t mask = mask_of(x, plain);
    BN_TRY(point_name(x, plain, name));
    snprintf(slot, sizeof slot, "%s[%06zu]", role, k);
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    json_t *value = json_array();
    for (size_t a = 0; a < x->n_axes; a++)
        if (has_axis(mask, a))
            json_array_append_new(value, json_string(x->axes[a].values.at[x->at[a]]));
    if (json_object_set_new(inputs, slot, json_string(name)) != 0 ||
        json_array_append_new(json_object_get(points, "value"), value) != 0 ||
        json_array_append_new(json_object_get(points, "point"),
                              json_stringn(base, strlen(base) - 3)) != 0)
        return BN_NOMEM;
    return BN_OK;
}

static json_t *new_points(const struct expansion *x, uint64_t mask)
{
    json_t *points = json_pack("{s[] s[] s[] s[]}", "point", "value", "parameter", "unit");
    char name[256];
    for (size_t a = 0; a < x->n_axes && points != NULL; a++) {
        if (!has_axis(mask, a))
            continue;
        const char *unit = x->axes[a].param->unit;
        json_array_append_new(json_object_get(points, "parameter"),
                              json_string(axis_name(&x->axes[a], name)));
        json_array_append_new(json_object_get(points, "unit"), json_string(unit));
    }
    return points;
}

/* All points of a role that lie over this one; `fixed`: the axes of the target. */
static bn_status gather_role(struct expansion *x, const char *target, const char *role,
                             const json_t *names, uint64_t fixed, json_t *json)
{
    const char *first = json_string_value(json_array_get(names, 0));
    const uint64_t mask = mask_of(x, first);
    json_t *points = new_points(x, mask), *name;
    size_t k, count = 0;
    if (points == NULL ||
        json_object_set_new(json_object_get(json, "points"), role, points) != 0)
        return BN_NOMEM;
    json_array_foreach(names, k, name) {
        const char *plain = json_string_value(name);
        if (mask_of(x, plain) != mask)
            return bn_fail(BN_USAGE, "%s: %s and %s are gathered as one `%s`, but not the "
                           "same sweeps reach them; gather them in two nodes", target, first,
                           plain, role);
        do {
            if (count == MOST_POINTS)
                return bn_fail(BN_USAGE, "%s: it gathers more than %d points; shorten a "
                               "list of the sweep", target, MOST_POINTS);
            BN_TRY(gather_point(x, role, count++, plain, json_object_get(json, "inputs"),
                                points));
        } while (step(x, mask & ~fixed));
    }
    return BN_OK;
}

static bn_status gather_all(struct expansion *x, const char *target, const json_t *gather,
                            uint64_t fixed, json_t *json)
{
    const char *role;
    json_t *names;
    if (gather == NULL)
        return BN_OK;
    json_object_set_new(json, "points", json_object());
    json_object_foreach((json_t *)(uintptr_t)gather, role, names)
        BN_TRY(gather_role(x, target, role, names, fixed, json));
    return BN_OK;
}

/* Parameters and files of the axes that are this node's own. */
static json_t *point_values(const struct expansion *x, const struct stage_node *node,
                            const json_t *plain, const char *what)
{
    json_t *values = json_copy(json_object_get(plain, what));
    for (size_t a = 0; a < x->n_axes && values != NULL; a++)
        if (axis_hits(&x->axes[a], node))
            json_object_update(values, json_object_get(
                json_array_get(x->axes[a].wanted, x->at[a]), what));
    return values;
}

static json_t *coordinates(const struct expansion *x, uint64_t mask)
{
    json_t *point = json_object();
    char name[256];
    for (size_t a = 0; a < x->n_axes; a++)
        if (has_axis(mask, a))
            json_object_set_new(point, axis_name(&x->axes[a], name),
                                json_string(x->axes[a].values.at[x->at[a]]));
    return point;
}

static void note_origins(const struct expansion *x, const struct stage_node *node,
                         const char *name)
{
    json_t *origins = json_deep_copy(json_object_get(x->s->origins, node->name));
    for (size_t a = 0; a < x->n_axes; a++)
        if (axis_hits(&x->axes[a], node))
            json_object_set_new(json_object_get(origins, "parameters"), x->axes[a].key,
                                json_string(x->axes[a].origin));
    json_object_set_new(x->s->origins, name, origins);
}

static bn_status add_point(struct expansion *x, size_t i)
{
    const struct stage_node *node = &x->s->nodes[i];
    json_t *plain = json_object_get(x->s->plan, node->name), *input;
    char name[4096], other[4096];
    const char *role;
    BN_TRY(point_name(x, node->name, name));
    if (json_object_get(x->s->plan, name) != NULL)
        return bn_fail(BN_USAGE, "sweep: its point %s is also a target in pipelines/: give "
                       "the variant there another name", name);
    json_t *json = json_pack("{sO sO so so s{} ss so}",
        "stage", json_object_get(plain, "stage"), "code", json_object_get(plain, "code"),
        "parameters", point_values(x, node, plain, "parameters"),
        "files", point_values(x, node, plain, "files"), "inputs", "of", node->name,
        "point", coordinates(x, x->mask[i]));
    if (json == NULL || json_object_set_new(x->s->plan, name, json) != 0)
        return BN_NOMEM;
    if (json_object_get(plain, "checkpoint") != NULL)
        json_object_set(json, "checkpoint", json_object_get(plain, "checkpoint"));
    if (json_object_get(plain, "slurm") != NULL)
        json_object_set(json, "slurm", json_object_get(plain, "slurm"));
    if (x->s->origins != NULL)
        note_origins(x, node, name);
    json_object_foreach(json_object_get(plain, "inputs"), role, input) {
        if (strchr(role, '[') != NULL)
            continue;                    /* what the plain node gathers */
        BN_TRY(point_name(x, json_string_value(input), other));
        json_object_set_new(json_object_get(json, "inputs"), role, json_string(other));
    }
    return gather_all(x, name, json_object_get(plain, "gather"), x->mask[i], json);
}

static bn_status count_points(struct expansion *x)
{
    double n = 0.0;
    for (size_t i = 0; i < x->s->n_nodes; i++) {
        double product = 1.0;
        for (size_t a = 0; a < x->n_axes; a++)
            if (has_axis(x->mask[i], a))
                product *= (double)x->axes[a].values.n;
        n += x->mask[i] ? product : 0.0;
    }
    if (n > MOST_POINTS)
        return bn_fail(BN_USAGE, "sweep (%s): its grid has %.0f nodes, more than %d; "
                       "shorten a list", x->axes[0].origin, n, MOST_POINTS);
    return BN_OK;
}

static bn_status add_points(struct expansion *x)
{
    for (size_t i = 0; i < x->s->n_nodes; i++)
        BN_TRY(reach(x, i));
    BN_TRY(count_points(x));
    for (size_t i = 0; i < x->s->n_nodes; i++) {
        const struct stage_node *node = &x->s->nodes[i];
        json_t *plain = json_object_get(x->s->plan, node->name);
        if (x->mask[i] != 0)
            do {
                BN_TRY(add_point(x, i));
            } while (step(x, x->mask[i]));
        BN_TRY(gather_all(x, node->name, json_object_get(plain, "gather"), 0, plain));
    }
    for (size_t i = 0; i < x->s->n_nodes; i++)
        json_object_del(json_object_get(x->s->plan, x->s->nodes[i].name), "gather");
    return BN_OK;
}

bn_status sweep_expand(struct sweep *s)
{
    struct expansion x = { .s = s, .axes = s->settings->axes,
                           .n_axes = s->settings->n_axes };
    BN_TRY(check_pairs(s->settings));
    for (size_t a = 0; a < x.n_axes; a++)
        BN_TRY(resolve_axis(s, &s->settings->axes[a]));
    x.index = json_object();
    x.mask = bn_alloc(s->n_nodes + 1, sizeof *x.mask);
    x.seen = bn_alloc(s->n_nodes + 1, sizeof *x.seen);
    bn_status rc = x.index && x.mask && x.seen ? BN_OK : BN_NOMEM;
    for (size_t i = 0; i < s->n_nodes && rc == BN_OK; i++)
        if (json_object_set_new(x.index, s->nodes[i].name,
                                json_integer((json_int_t)i)) != 0)
            rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = add_points(&x);
    json_decref(x.index);
    free(x.mask);
    free(x.seen);
    return rc;
}
