// session_file.h: a file that keeps TLS sessions from one run to the next (picket/session.h). Whoever has it can be the
// server to this client until they are too old, so only the user may read it.
#ifndef PICKET_CLI_SESSION_FILE_H
#define PICKET_CLI_SESSION_FILE_H

#include "picket/picket.h"

// Take up what is in the file; none is no failure, and what cannot be used is said and passed over. Returns the exit code: not
// 0 when it cannot be read.
int session_file_load(picket_t *client, const char *path);

// Write what the client has, all of it or nothing of it; without a session the file stays as it is. Returns the exit code.
int session_file_save(picket_t *client, const char *path);

#endif
