/*
 * What libraries need before anything uses them.
 */
#ifndef TREADLE_CLI_LIBRARIES_H
#define TREADLE_CLI_LIBRARIES_H

/* Sets up ICU and libcrypto. Called once, before the program has threads; ends the program, with a
 * line on stderr, when memory does not suffice. */
void cli_prepare_libraries(void);

#endif
