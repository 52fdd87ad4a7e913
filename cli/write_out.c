// write_out.c: see write_out.h. The names are curl's.
#include "write_out.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "exit_code.h"

enum variable {
    CODE,
    CONTENT_TYPE,
    EXIT_CODE,
    REDIRECTS,
    REMOTE_IP,
    DOWNLOADED,
    UPLOADED,
    TOTAL,
    URL,
    UNKNOWN,
};

static const struct {
    const char *name;
    enum variable variable;
} variables[] = {
    {"content_type", CONTENT_TYPE}, {"exitcode", EXIT_CODE},   {"http_code", CODE},
    {"num_redirects", REDIRECTS},   {"remote_ip", REMOTE_IP},  {"response_code", CODE},
    {"size_download", DOWNLOADED},  {"size_upload", UPLOADED}, {"time_total", TOTAL},
    {"url_effective", URL},
};

// What begins at "%{": its length with the brace that ends it, 0 without one.
static size_t find_variable(const char *text, enum variable *variable)
{
    const char *const end = strchr(text, '}');

    *variable = UNKNOWN;
    if (end == NULL)
        return 0;
    const size_t len = (size_t)(end - text) - 2;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (strlen(variables[i].name) == len && memcmp(variables[i].name, text + 2, len) == 0)
            *variable = variables[i].variable;
    return len + 3;
}

const char *write_out_unknown(const char *format)
{
    enum variable variable;

    while (*format != '\0') {
        size_t len = format[0] == '%' && format[1] == '%' ? 2 : 1;
        if (format[0] == '%' && format[1] == '{') {
            len = find_variable(format, &variable);
            if (variable == UNKNOWN)
                return format;
        }
        format += len;
    }
    return NULL;
}

// Of an answer that --fail refuses nothing is taken, however much came with its head.
static uint64_t taken(const struct report *report)
{
    return report->exit_code == EXIT_STATUS ? 0 : report->detail.received;
}

static void print_variable(FILE *out, enum variable variable, const struct report *report,
                           const char *content_type)
{
    const picket_detail_t *const detail = &report->detail;
    char address[PICKET_ADDRESS_TEXT] = "";

    switch (variable) {
    case CODE: fprintf(out, "%03d", report->status); break;
    case CONTENT_TYPE: fputs(content_type != NULL ? content_type : "", out); break;
    case EXIT_CODE: fprintf(out, "%d", report->exit_code); break;
    case REDIRECTS: fprintf(out, "%u", (unsigned)detail->redirects); break;
    case REMOTE_IP:
        if (detail->address.family != 0)
            picket_address_format(&detail->address, address);
        fputs(address, out);
        break;
    case DOWNLOADED: fprintf(out, "%" PRIu64, taken(report)); break;
    case UPLOADED: fprintf(out, "%" PRIu64, detail->sent); break;
    case TOTAL:
        fprintf(out, "%" PRIu32 ".%03" PRIu32 "000", report->total_ms / 1000, report->total_ms % 1000);
        break;
    case URL: fputs(report->final_url[0] != '\0' ? report->final_url : report->url, out); break;
    case UNKNOWN: break;
    }
}

// \n, \r and \t; any other backslash stands for itself.
static size_t print_plain(FILE *out, const char *text)
{
    static const char letters[] = "nrt", meant[] = "\n\r\t";
    const char *const letter = text[0] == '\\' && text[1] != '\0' ? strchr(letters, text[1]) : NULL;

    putc(letter != NULL ? meant[letter - letters] : text[0], out);
    return letter != NULL || (text[0] == '%' && text[1] == '%') ? 2 : 1;
}

int write_out_print(FILE *out, const char *format, const struct report *report, const char *content_type)
{
    enum variable variable;

    while (*format != '\0') {
        if (format[0] != '%' || format[1] != '{') {
            format += print_plain(out, format);
            continue;
        }
        format += find_variable(format, &variable);
        print_variable(out, variable, report, content_type);
    }
    return fflush(out) != 0 ? errno : 0;
}
