// url_resolve.c: references (RFC 3986 section 5.2), as Location has them.
#include <string.h>

#include "http1_text.h"
#include "picket/error.h"
#include "url.h"

// A part of a reference. text NULL: it is not there, which is not the same as empty.
struct part {
    const char *text;
    size_t len;
};

struct parts {
    struct part scheme, authority, path, query, fragment;
};

static bool is_letter(char c)
{
    return http1_lower(c) >= 'a' && http1_lower(c) <= 'z';
}

static size_t scheme_length(const char *text)
{
    size_t len = 0;

    if (!is_letter(*text))
        return 0;
    while (is_letter(text[len]) || http1_is_digit(text[len]) || text[len] == '+' || text[len] == '-' ||
           text[len] == '.')
        len++;
    return text[len] == ':' ? len : 0;
}

static struct part take(const char **at, size_t len)
{
    const struct part part = {*at, len};

    *at += len;
    return part;
}

static struct parts split(const char *text)
{
    struct parts p = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    const size_t scheme = scheme_length(text);

    if (scheme > 0) {
        p.scheme = take(&text, scheme);
        text++;
    }
    if (text[0] == '/' && text[1] == '/') {
        text += 2;
        p.authority = take(&text, strcspn(text, "/?#"));
    }
    p.path = take(&text, strcspn(text, "?#"));
    if (*text == '?') {
        text++;
        p.query = take(&text, strcspn(text, "#"));
    }
    if (*text == '#') {
        text++;
        p.fragment = take(&text, strlen(text));
    }
    return p;
}

// --- Paths

static bool begins(const char *text, size_t len, const char *prefix)
{
    const size_t n = strlen(prefix);

    return len >= n && memcmp(text, prefix, n) == 0;
}

static bool is(const char *text, size_t len, const char *wanted)
{
    return len == strlen(wanted) && begins(text, len, wanted);
}

static size_t without_last_segment(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '/')
        len--;
    return len > 0 ? len - 1 : 0;
}

// Section 5.2.4, in place: what is kept is never longer than what was read. Returns the new length.
static size_t remove_dots(char *path, size_t len)
{
    size_t in = 0;
    size_t out = 0;

    while (in < len) {
        char *const rest = path + in;
        const size_t left = len - in;
        if (begins(rest, left, "../"))
            in += 3;
        else if (begins(rest, left, "./") || begins(rest, left, "/./"))
            in += 2;
        else if (is(rest, left, "/.")) {
            rest[1] = '/';
            in++;
        } else if (begins(rest, left, "/../") || is(rest, left, "/..")) {
            in += left == 3 ? 2 : 3;
            path[in] = '/';
            out = without_last_segment(path, out);
        } else if (is(rest, left, ".") || is(rest, left, ".."))
            in = len;
        else {
            do {
                path[out++] = path[in++];
            } while (in < len && path[in] != '/');
        }
    }
    return out;
}

// --- The result

struct result {
    char *text;
    size_t room;
    size_t len; // may be more than there is room for
};

static void put(struct result *r, const char *text, size_t len)
{
    if (r->len <= r->room && len <= r->room - r->len)
        memcpy(r->text + r->len, text, len);
    r->len += len;
}

static void put_part(struct result *r, const char *before, const struct part *part, const char *behind)
{
    if (part->text == NULL)
        return;
    put(r, before, strlen(before));
    put(r, part->text, part->len);
    put(r, behind, strlen(behind));
}

// Section 5.2.3: the base's path up to its last slash goes before a relative one.
static void put_merged(struct result *r, const struct parts *base, const struct part *path)
{
    size_t folder = base->path.len;

    while (folder > 0 && base->path.text[folder - 1] != '/')
        folder--;
    if (base->authority.text != NULL && base->path.len == 0)
        put(r, "/", 1);
    put(r, base->path.text, folder);
    put(r, path->text, path->len);
}

static void put_path(struct result *r, const struct parts *base, const struct parts *ref)
{
    const size_t start = r->len;

    if (ref->scheme.text == NULL && ref->authority.text == NULL && ref->path.len == 0) {
        put(r, base->path.text, base->path.len);
        return;
    }
    if (ref->scheme.text != NULL || ref->authority.text != NULL || ref->path.text[0] == '/')
        put(r, ref->path.text, ref->path.len);
    else
        put_merged(r, base, &ref->path);
    if (r->len <= r->room)
        r->len = start + remove_dots(r->text + start, r->len - start);
}

int url_resolve(const char *base_text, const char *reference, char *out, size_t room)
{
    const struct parts base = split(base_text);
    const struct parts ref = split(reference);
    const bool absolute = ref.scheme.text != NULL;
    const bool network = absolute || ref.authority.text != NULL;
    const bool own_query = network || ref.path.len > 0 || ref.query.text != NULL;
    struct result r = {out, room, 0};

    if (base.scheme.text == NULL)
        return PICKET_ERR_URL;
    put_part(&r, "", absolute ? &ref.scheme : &base.scheme, ":");
    put_part(&r, "//", network ? &ref.authority : &base.authority, "");
    put_path(&r, &base, &ref);
    put_part(&r, "?", own_query ? &ref.query : &base.query, "");
    put_part(&r, "#", &ref.fragment, "");
    put(&r, "", 1);
    return r.len <= room ? 0 : PICKET_ERR_URL;
}
