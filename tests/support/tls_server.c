#define _GNU_SOURCE
#include "tls_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN_MAX 16
#define START_MS     10000

static char folder[64];
static pid_t children[CHILDREN_MAX];
static pid_t owner; // a forked copy of the test must not remove what it does not own

// --- The folder

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *where)
{
    (void)status;
    (void)flag;
    (void)where;
    return remove(path);
}

static void stop_child(size_t i)
{
    if (children[i] == 0)
        return;
    (void)kill(children[i], SIGKILL);
    (void)waitpid(children[i], NULL, 0);
    children[i] = 0;
}

static void clean_up(void)
{
    if (getpid() != owner)
        return;
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        stop_child(i);
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

// A process that outlives this one, however that ends, and removes what it could not. It learns of the end
// from a pipe that nobody writes to.
static bool leave_a_witness(void)
{
    int ends[2];
    char byte;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid != 0) {
        close(ends[0]);
        return pid > 0;
    }
    (void)setsid(); // what kills the group of the test spares it
    close(ends[1]);
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
        ;
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

static bool make_folder(void)
{
    if (folder[0] != '\0')
        return true;
    char path[] = "/tmp/picket-test-XXXXXX";
    if (mkdtemp(path) == NULL) {
        perror("mkdtemp");
        return false;
    }
    memcpy(folder, path, sizeof path);
    owner = getpid();
    return atexit(clean_up) == 0 && leave_a_witness();
}

static FILE *open_file(const char *name, const char *mode)
{
    char path[256];
    if (!make_folder())
        return NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, mode);
    if (file == NULL && mode[0] == 'w')
        perror(path);
    return file;
}

bool tls_server_page(const char *name, const void *bytes, size_t len)
{
    FILE *file = open_file(name, "w");
    if (file == NULL)
        return false;
    bool written = fwrite(bytes, 1, len, file) == len;
    return fclose(file) == 0 && written;
}

long tls_server_read(const char *name, void *bytes, size_t room)
{
    FILE *file = open_file(name, "r");
    if (file == NULL)
        return -1;
    size_t len = fread(bytes, 1, room, file);
    fclose(file);
    return (long)len;
}

// --- Certificates

static bool write_config(const tls_chain_t *chain)
{
    FILE *file = open_file("openssl.cnf", "w");
    if (file == NULL)
        return false;
    fputs("[req]\ndistinguished_name = dn\n[dn]\n"
          "[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n"
          "subjectKeyIdentifier = hash\n"
          "[leaf]\nbasicConstraints = CA:FALSE\nkeyUsage = critical, digitalSignature\n"
          "extendedKeyUsage = serverAuth\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n"
          "subjectAltName = DNS:" TLS_SERVER_HOST,
          file);
    for (unsigned i = 0; i < chain->more_names; i++)
        fprintf(file, ", DNS:another-name-%u." TLS_SERVER_HOST, i);
    fputc('\n', file);
    return fclose(file) == 0;
}

// Everything is printed into openssl.log, which is shown when a command fails.
static bool run(const char *command)
{
    char line[1024];
    int n =
        snprintf(line, sizeof line, "cd %s && { %s; } >openssl.log 2>&1 || { cat openssl.log >&2; false; }",
                 folder, command);
    if (n < (int)sizeof line && system(line) == 0)
        return true;
    fprintf(stderr, "failed: %s\n", command);
    return false;
}

static const char *key_options(const char *kind)
{
    static char text[64];
    if (strncmp(kind, "rsa:", 4) == 0)
        snprintf(text, sizeof text, "-newkey %s", kind);
    else
        snprintf(text, sizeof text, "-newkey ec -pkeyopt ec_paramgen_curve:%s", kind);
    return text;
}

static bool make_root(const tls_chain_t *chain)
{
    char command[512];
    snprintf(command, sizeof command,
             "openssl req -x509 -config openssl.cnf -extensions ca %s -nodes -sha256 -days 90 "
             "-subj '/O=Picket tests/CN=%s root' -keyout %s-root.key -out %s-root.pem",
             key_options(chain->root), chain->name, chain->name, chain->name);
    return run(command);
}

// A certificate that issuer signs: extensions is a section of the configuration.
static bool make_signed(const tls_chain_t *chain, const char *which, const char *kind, const char *issuer,
                        const char *extensions)
{
    char command[700];
    const char *name = chain->name;
    snprintf(
        command, sizeof command,
        "openssl req -new -config openssl.cnf %s -nodes -subj '/O=Picket tests/CN=%s %s' -keyout %s-%s.key "
        "-out request.pem && openssl x509 -req -in request.pem -CA %s-%s.pem -CAkey %s-%s.key "
        "-CAcreateserial -sha256 -days 60 -extfile openssl.cnf -extensions %s -out %s-%s.pem",
        key_options(kind), name, which, name, which, name, issuer, name, issuer, extensions, name, which);
    return run(command);
}

// What the server sends beside its leaf: s_server wants a file even when there is nothing in it. nginx wants all
// of it in one.
static bool make_rest(const tls_chain_t *chain)
{
    char command[256];
    const char *name = chain->name;
    snprintf(command, sizeof command,
             "cat %s-%s.pem >%s-rest.pem && cat %s-leaf.pem %s-rest.pem >%s-chain.pem", name,
             chain->intermediate != NULL ? "intermediate" : "root", name, name, name, name);
    return run(command);
}

bool tls_chain_make(const tls_chain_t *chain)
{
    const char *signer = chain->intermediate != NULL ? "intermediate" : "root";
    if (!make_folder() || !write_config(chain) || !make_root(chain))
        return false;
    if (chain->intermediate != NULL && !make_signed(chain, signer, chain->intermediate, "root", "ca"))
        return false;
    return make_signed(chain, "leaf", chain->leaf, signer, "leaf") && make_rest(chain);
}

// Append the root of a chain to pem.
static size_t read_root(const tls_chain_t *chain, char *pem, size_t room)
{
    char name[64];
    snprintf(name, sizeof name, "%s-root.pem", chain->name);
    FILE *file = open_file(name, "r");
    if (file == NULL)
        return 0;
    size_t len = fread(pem, 1, room, file);
    fclose(file);
    return len;
}

bool tls_chain_trust(const tls_chain_t *chains, size_t count, picket_trust_t *store)
{
    static uint8_t mem[32768]; // kept to the end of the program, for as many stores as a test makes
    static size_t used;
    char pem[16384]; // a root of RSA-4096 is 2 kB
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += read_root(&chains[i], pem + len, sizeof pem - len);
    size_t need = (picket_trust_mem(pem, len) + 15) & ~(size_t)15;
    if (need > sizeof mem - used || picket_trust_load(store, pem, len, mem + used, need, NULL) != 0)
        return false;
    used += need;
    return store->count == count;
}

// --- Servers

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

// The log that a server writes is named after the place of its child in the list.
static void log_name(char *name, size_t size, size_t i)
{
    snprintf(name, size, "server-%zu.log", i);
}

// In the folder, with nothing to read and the log to print into, or dead.
static void settle_child(size_t number)
{
    char log[32];
    log_name(log, sizeof log, number);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != owner || chdir(folder) != 0)
        _exit(1);
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open("/dev/null", O_RDONLY);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(1);
}

static _Noreturn void become_server(const tls_server_options_t *options, size_t number)
{
    char cert[80], rest[80], key[80], size[16];
    const char *args[20] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-HTTP", "-cert",
                            cert,      "-key",     key,       "-cert_chain", rest};
    size_t n = 11;
    const char *name = options->chain->name;
    snprintf(cert, sizeof cert, "%s-leaf.pem", name);
    snprintf(key, sizeof key, "%s-leaf.key", name);
    snprintf(rest, sizeof rest, "%s-rest.pem", name);
    snprintf(size, sizeof size, "%u", options->max_record);
    if (options->version != NULL)
        args[n++] = options->version;
    if (options->max_record != 0) {
        args[n++] = "-max_send_frag";
        args[n++] = size;
    }
    settle_child(number);
    execvp(args[0], (char *const *)(uintptr_t)args);
    _exit(1);
}

// The port stands in the line that s_server prints when it listens.
static uint16_t port_in_log(const char *log)
{
    char line[256];
    unsigned port = 0;
    FILE *file = open_file(log, "r");
    while (file != NULL && port == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strchr(line, '\n') == NULL || sscanf(line, "ACCEPT 127.0.0.1:%u", &port) != 1)
            port = 0;
    }
    if (file != NULL)
        fclose(file);
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static bool wait_for_port(tls_server_t *server, const char *log)
{
    for (int64_t end = now_ms() + START_MS; now_ms() < end && server->port == 0;) {
        server->port = port_in_log(log);
        if (server->port == 0)
            (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    if (server->port == 0)
        fprintf(stderr, "openssl s_server did not start within %d ms\n", START_MS);
    return server->port != 0;
}

// --- nginx

static int socket_at(uint16_t port, struct sockaddr_in *name)
{
    *name = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

// nginx cannot choose a port; one that was free a moment ago still is.
static uint16_t free_port(void)
{
    struct sockaddr_in name;
    socklen_t len = sizeof name;
    int fd = socket_at(0, &name);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&name, &len) < 0)
        name.sin_port = 0;
    if (fd >= 0)
        close(fd);
    return ntohs(name.sin_port);
}

static bool is_listening(uint16_t port)
{
    struct sockaddr_in name;
    int fd = socket_at(port, &name);
    bool listens = fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) == 0;
    if (fd >= 0)
        close(fd);
    return listens;
}

static const char *nginx_versions(const char *version)
{
    if (version == NULL)
        return "TLSv1.2 TLSv1.3";
    return strcmp(version, "-tls1_3") == 0 ? "TLSv1.3" : "TLSv1.2";
}

static bool configure_nginx(const char *name, const tls_server_options_t *options, uint16_t port)
{
    const char *chain = options->chain->name;
    FILE *file = open_file(name, "w");
    if (file == NULL)
        return false;
    fprintf(file,
            "daemon off;\nmaster_process off;\npid %s.pid;\nerror_log stderr;\n"
            "events { worker_connections 64; }\n"
            "http {\naccess_log off;\nclient_max_body_size 8m;\nclient_body_temp_path .;\n"
            "proxy_temp_path .;\nfastcgi_temp_path .;\nuwsgi_temp_path .;\nscgi_temp_path .;\n"
            "server {\nlisten 127.0.0.1:%u ssl;\nssl_protocols %s;\nssl_certificate %s-chain.pem;\n"
            "ssl_certificate_key %s-leaf.key;\n%s\nroot .;\nlocation / { %s }\n}\n}\n",
            name, port, nginx_versions(options->version), chain, chain,
            options->nginx_tls != NULL ? options->nginx_tls : "", options->nginx);
    return fclose(file) == 0;
}

static _Noreturn void become_nginx(const char *config, size_t number)
{
    settle_child(number);
    execlp("nginx", "nginx", "-p", ".", "-c", config, "-e", "stderr", (char *)NULL);
    _exit(1);
}

static bool start_nginx(tls_server_t *server, const tls_server_options_t *options, size_t i)
{
    char config[32];
    snprintf(config, sizeof config, "nginx-%zu.conf", i);
    server->port = free_port();
    if (server->port == 0 || !configure_nginx(config, options, server->port))
        return false;
    pid_t pid = fork();
    if (pid == 0)
        become_nginx(config, i);
    if (pid < 0)
        return false;
    server->pid = children[i] = pid;
    for (int64_t end = now_ms() + START_MS; now_ms() < end;) {
        if (is_listening(server->port))
            return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    fprintf(stderr, "nginx did not start within %d ms\n", START_MS);
    tls_server_stop(server);
    return false;
}

bool tls_server_start(tls_server_t *server, const tls_server_options_t *options)
{
    char log[32];
    size_t i = 0;
    *server = (tls_server_t){0};
    while (i < CHILDREN_MAX && children[i] != 0)
        i++;
    if (i == CHILDREN_MAX || !make_folder())
        return false;
    if (options->nginx != NULL)
        return start_nginx(server, options, i);
    log_name(log, sizeof log, i);
    FILE *empty = open_file(log, "w"); // a log of an earlier child says another port
    if (empty == NULL)
        return false;
    fclose(empty);
    pid_t pid = fork();
    if (pid == 0)
        become_server(options, i);
    if (pid < 0)
        return false;
    server->pid = children[i] = pid;
    if (wait_for_port(server, log))
        return true;
    tls_server_stop(server);
    return false;
}

void tls_server_stop(tls_server_t *server)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (children[i] != 0 && children[i] == server->pid)
            stop_child(i);
    }
    *server = (tls_server_t){0};
}
