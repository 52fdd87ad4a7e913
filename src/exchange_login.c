// exchange_login.c: a user's name and password that stand in the URL, where the request allows that.
#include <string.h>

#include "arena.h"
#include "exchange_private.h"
#include "http1_text.h"

// Without %-escapes (checked by url_parse_login); ended with NUL. False when there is a control character in it.
static bool decode(char **at, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            c = (char)(http1_hex(text[i + 1]) << 4 | http1_hex(text[i + 2]));
            i += 2;
        }
        if (!http1_is_text(c))
            return false;
        *(*at)++ = c;
    }
    *(*at)++ = '\0';
    return true;
}

static bool split(exchange_t *x, const url_t *url)
{
    const char *colon = memchr(url->login, ':', url->login_len);
    size_t user = colon != NULL ? (size_t)(colon - url->login) : url->login_len;
    size_t password = colon != NULL ? url->login_len - user - 1 : 0;
    char *at = x->login;
    if (!decode(&at, url->login, user))
        return false;
    x->request.user = x->login;
    x->request.password = at;
    return decode(&at, url->login + user + 1, password);
}

// The URL that goes on has none, so that neither a redirect nor whoever shows it has one.
static void leave_out(exchange_t *x, const url_t *url)
{
    size_t before = (size_t)(url->login - x->request.url);
    memcpy(x->location, x->request.url, before);
    strcpy(x->location + before, x->request.url + before + url->login_len + 1);
}

int exchange_take_login(exchange_t *x, const char **why)
{
    int error = url_parse_login(x->request.url, &x->url, why);
    if (error != 0 || x->url.login == NULL)
        return error;
    x->login_size = x->url.login_len + 2;
    x->login = picket_arena_calloc(1, x->login_size);
    x->location = picket_arena_calloc(1, strlen(x->request.url) + 1);
    if (x->login == NULL || x->location == NULL)
        return PICKET_ERR_NO_MEMORY;
    const char *user = x->request.user, *password = x->request.password;
    if (!split(x, &x->url)) {
        *why = "control character in the credentials";
        return PICKET_ERR_URL;
    }
    if (user != NULL) { // what is given beside it counts
        x->request.user = user;
        x->request.password = password;
    }
    leave_out(x, &x->url);
    return url_parse(x->location, &x->url, why);
}
