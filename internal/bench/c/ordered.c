// ordered SLOTS RECORDS COMMAND...: as spawn, with a pipe for each job and the
// output in the order of the records: that of the first unfinished job goes
// straight out, the rest waits in memory.
#include "records.h"

enum { WINDOW = 64 };

struct job {
	pid_t pid;
	int fd; // -1 when all is read
	char *text;
	size_t len, size;
};

static struct job jobs[WINDOW]; // a ring from first to last
static unsigned first, last;

static void put(const char *text, size_t len) {
	for (ssize_t n; len; text += n, len -= n)
		if ((n = write(1, text, len)) < 0)
			err(1, "write");
}

static void start(struct job *j, char **argv) {
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		err(1, "pipe");
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, p[1], 1);
	if ((errno = posix_spawn(&j->pid, argv[0], &actions, NULL, argv, environ)))
		err(1, "%s", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(p[1]);
	j->fd = p[0];
	j->len = 0;
}

// Reads once from j and returns whether that was the end of it.
static int take(struct job *j, int head) {
	static char buf[1 << 16];
	ssize_t n = read(j->fd, buf, sizeof buf);
	if (n < 0)
		err(1, "read");
	if (n == 0) {
		int status;
		close(j->fd);
		j->fd = -1;
		if (waitpid(j->pid, &status, 0) < 0)
			err(1, "waitpid");
		if (status)
			errx(1, "a job failed");
		return 1;
	}
	if (head) {
		put(buf, n);
		return 0;
	}
	if (j->len + n > j->size) {
		j->size = 2 * j->size + n;
		if (!(j->text = realloc(j->text, j->size)))
			err(1, "realloc");
	}
	memcpy(j->text + j->len, buf, n);
	j->len += n;
	return 0;
}

// Writes what may be written: finished jobs from the first on, and what the
// first unfinished one has said so far.
static void flush(void) {
	for (; first != last; first++) {
		struct job *j = &jobs[first % WINDOW];
		put(j->text, j->len);
		j->len = 0;
		if (j->fd >= 0)
			return;
	}
}

// Waits for any running job to say something and returns how many ended.
static int listen_once(void) {
	struct pollfd fds[WINDOW];
	unsigned who[WINDOW];
	int n = 0, ended = 0;
	for (unsigned i = first; i != last; i++)
		if (jobs[i % WINDOW].fd >= 0) {
			fds[n] = (struct pollfd){.fd = jobs[i % WINDOW].fd, .events = POLLIN};
			who[n++] = i;
		}
	if (poll(fds, n, -1) < 0)
		err(1, "poll");
	for (int i = 0; i < n; i++)
		if (fds[i].revents)
			ended += take(&jobs[who[i] % WINDOW], who[i] == first);
	flush();
	return ended;
}

int main(int argc, char **argv) {
	if (argc < 4)
		errx(1, "usage: ordered SLOTS RECORDS COMMAND...");
	int slots = atoi(argv[1]), running = 0;
	struct batch b = batch_new(argv + 3, atoi(argv[2]));
	while (batch_next(&b)) {
		while (running == slots || last - first == WINDOW)
			running -= listen_once();
		start(&jobs[last++ % WINDOW], b.argv);
		running++;
	}
	while (first != last)
		running -= listen_once();
}
