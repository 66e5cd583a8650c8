// spawn SLOTS RECORDS COMMAND...: what must be done to run a command for every
// few records of stdin, and no more: posix_spawn and wait.
#include "records.h"

static void reap(void) {
	int status;
	if (wait(&status) < 0)
		err(1, "wait");
	if (status)
		errx(1, "a job failed");
}

int main(int argc, char **argv) {
	if (argc < 4)
		errx(1, "usage: spawn SLOTS RECORDS COMMAND...");
	int slots = atoi(argv[1]), running = 0;
	struct batch b = batch_new(argv + 3, atoi(argv[2]));
	while (batch_next(&b)) {
		if (running == slots) {
			reap();
			running--;
		}
		pid_t pid;
		if ((errno = posix_spawn(&pid, b.argv[0], NULL, NULL, b.argv, environ)))
			err(1, "%s", b.argv[0]);
		running++;
	}
	while (running--)
		reap();
}
