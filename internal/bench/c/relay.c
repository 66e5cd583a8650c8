// relay COMMAND...: runs one command and moves its output to stdout without
// looking at it.
#include "records.h"

int main(int argc, char **argv) {
	if (argc < 2)
		errx(1, "usage: relay COMMAND...");
	int p[2], status;
	pid_t pid;
	posix_spawn_file_actions_t actions;
	if (pipe2(p, O_CLOEXEC) < 0)
		err(1, "pipe");
	fcntl(p[0], F_SETPIPE_SZ, 1 << 20); // a limit of the user may forbid it: then it stays as it is
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, p[1], 1);
	if ((errno = posix_spawn(&pid, argv[1], &actions, NULL, argv + 1, environ)))
		err(1, "%s", argv[1]);
	close(p[1]);
	ssize_t n;
	while ((n = splice(p[0], NULL, 1, NULL, 1 << 20, 0)) > 0)
		;
	if (n < 0)
		err(1, "splice");
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	return status != 0;
}
