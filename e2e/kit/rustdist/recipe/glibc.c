/* What programs of later Debian suites call that bookworm's glibc (2.36) lacks. A name
   that is missing here is found when a channel is packed.

   glibc 2.38 gave the functions that read numbers another name for C23, which allows 0b
   for binary numbers. Reading them as before is enough for a compiler. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

int vscanf(const char *, va_list);
int vsscanf(const char *, const char *, va_list);
long strtol(const char *, char **, int);
long long strtoll(const char *, char **, int);
unsigned long strtoul(const char *, char **, int);
unsigned long long strtoull(const char *, char **, int);
intmax_t strtoimax(const char *, char **, int);
uintmax_t strtoumax(const char *, char **, int);
long wcstol(const wchar_t *, wchar_t **, int);
void *memset(void *, int, size_t);
size_t strlen(const char *);
void *memcpy(void *, const void *, size_t);

int __isoc23_scanf(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vscanf(format, args);
	va_end(args);
	return n;
}

int __isoc23_sscanf(const char *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsscanf(text, format, args);
	va_end(args);
	return n;
}

long __isoc23_strtol(const char *s, char **end, int base) { return strtol(s, end, base); }
long long __isoc23_strtoll(const char *s, char **end, int base) { return strtoll(s, end, base); }
unsigned long __isoc23_strtoul(const char *s, char **end, int base) { return strtoul(s, end, base); }
unsigned long long __isoc23_strtoull(const char *s, char **end, int base) { return strtoull(s, end, base); }
intmax_t __isoc23_strtoimax(const char *s, char **end, int base) { return strtoimax(s, end, base); }
uintmax_t __isoc23_strtoumax(const char *s, char **end, int base) { return strtoumax(s, end, base); }
long __isoc23_wcstol(const wchar_t *s, wchar_t **end, int base) { return wcstol(s, end, base); }

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);
	if (size > 0) {
		size_t n = length < size ? length : size - 1;
		memcpy(to, from, n);
		to[n] = 0;
	}
	return length;
}

void *__memset_explicit_chk(void *at, int c, size_t n, size_t size)
{
	if (n > size)
		__builtin_trap();
	memset(at, c, n);
	__asm__ volatile("" : : "r"(at) : "memory");
	return at;
}
