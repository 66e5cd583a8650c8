// What the floor programs share: records from stdin, and command lines made of
// a few fixed words and the next records.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct batch {
	char **argv; // the fixed words, up to max records, NULL
	int fixed, max;
	size_t *at; // where in text each record begins
	char *text;
	size_t size;
};

// A batch of up to max records behind the words.
static inline struct batch batch_new(char **words, int max) {
	struct batch b = {.max = max};
	while (words[b.fixed])
		b.fixed++;
	b.argv = calloc(b.fixed + max + 1, sizeof *b.argv);
	b.at = calloc(max, sizeof *b.at);
	if (!b.argv || !b.at)
		err(1, "calloc");
	memcpy(b.argv, words, b.fixed * sizeof *b.argv);
	return b;
}

// Puts the next records into b->argv and returns how many there were. They
// stay valid until the next call.
static inline int batch_next(struct batch *b) {
	static char *line;
	static size_t linesize;
	size_t used = 0;
	int n = 0;
	for (ssize_t len; n < b->max && (len = getline(&line, &linesize, stdin)) > 0; n++) {
		if (line[len - 1] == '\n')
			line[--len] = 0;
		if (used + len + 1 > b->size) {
			b->size = 2 * b->size + len + 1;
			if (!(b->text = realloc(b->text, b->size)))
				err(1, "realloc");
		}
		memcpy(b->text + used, line, len + 1);
		b->at[n] = used;
		used += len + 1;
	}
	for (int i = 0; i < n; i++)
		b->argv[b->fixed + i] = b->text + b->at[i];
	b->argv[b->fixed + n] = NULL;
	return n;
}
