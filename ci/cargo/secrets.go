package cargo

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// maxKeyFile is the size in bytes of the largest file that is searched for a private key.
const maxKeyFile = 64 << 10

// secretNames are the names, in lower case, of files that by custom hold passwords, tokens or keys.
var secretNames = []string{
	".dockercfg", ".envrc", ".git-credentials", ".htpasswd", ".my.cnf", ".netrc", ".npmrc", ".pgpass", ".pypirc", ".s3cfg", ".terraformrc", ".vault-token", "_netrc",
	"credentials.json", "credentials.toml", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_rsa", "kubeconfig",
	"secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml", "terraform.tfstate",
}

// secretPaths are names that hold secrets in a certain directory only.
var secretPaths = []string{".aws/credentials", ".cargo/credentials", ".docker/config.json", ".gem/credentials", ".kube/config"}

// secretSuffixes are the suffixes of formats for private keys and passwords.
var secretSuffixes = []string{".env", ".jks", ".kdbx", ".key", ".keystore", ".p12", ".pfx", ".ppk"}

// examples are the words by which a file says that its values are not real.
var examples = []string{"default", "defaults", "dist", "example", "sample", "template"}

// privateKey matches the first line of a private key (RFC 7468, RFC 4716, RFC 9580). Source code
// and prose often have one within a line.
var (
	privateKey     = regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----`)
	privateKeyLine = regexp.MustCompile(`(?m)^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\r?$`)
	publicKey      = regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*(?:PUBLIC KEY|CERTIFICATE)(?: BLOCK)?-----`)
)

// suspect returns why a file of a package may hold secrets, "" if nothing suggests it.
func (w *Workspace) suspect(f file) string {
	text := w.head(f.name)
	key := privateKey
	if ext := path.Ext(f.name); ext == ".rs" || ext == ".md" {
		key = privateKeyLine
	}
	switch {
	case key.Match(text):
		return "it holds a private key"
	case strings.EqualFold(path.Ext(f.name), ".key") && publicKey.Match(text):
		return ""
	case isSecretFile(f.within):
		return "its name suggests that it holds secrets"
	}
	return ""
}

// head returns the content of a file that is small enough for a key, nil for any other.
func (w *Workspace) head(name string) []byte {
	info, err := fs.Stat(w.fsys, name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil
	}
	text, err := fs.ReadFile(w.fsys, name)
	if err != nil {
		return nil // cargo says so when it packages the file
	}
	return text
}

// isSecretFile reports whether a file's path suggests that it holds secrets. Case does not count.
func isSecretFile(name string) bool {
	name = strings.ToLower(name)
	dir, base := path.Split(name)
	if strings.HasPrefix(base, ".env.") || strings.HasSuffix(base, ".env") {
		return !slices.ContainsFunc(strings.Split(base, "."), func(word string) bool { return slices.Contains(examples, word) })
	}
	return slices.Contains(secretNames, base) || slices.Contains(secretPaths, path.Join(path.Base(dir), base)) ||
		slices.ContainsFunc(secretSuffixes, func(s string) bool { return strings.HasSuffix(base, s) })
}
