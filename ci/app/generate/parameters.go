package main

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/console"
)

// declaring maps the names that the template uses to what declares options.
var declaring = map[string]func() any{
	"Release": func() any { return &app.Release{} }, "Train": func() any { return &app.Train{} }, "Plan": func() any { return &app.Plan{} },
	"Test": func() any { return &app.Test{} }, "Dist": func() any { return &app.Dist{} }, "Images": func() any { return &app.Images{} },
	"Verify": func() any { return &app.Verify{} }, "Reproduce": func() any { return &app.Reproduce{} }, "Order": func() any { return &app.Order{} },
	"Prepare": func() any { return &app.Prepare{} }, "Workflows": func() any { return &app.Workflows{} }, "Signing": func() any { return &app.Signing{} },
}

// parameter is a parameter of a function of the module.
type parameter struct {
	app.Option
	name     string
	required bool
}

// selector selects an option, as in "name" to take it, "+name" to require it too, "-name" to leave
// it out, and "!name" to require it and take all others; "+name=other" gives it another name.
type selector struct {
	name, as              string
	take, leave, required bool
}

func parse(text string) selector {
	sign := text[0]
	s := selector{take: sign != '-' && sign != '!', leave: sign == '-', required: sign == '+' || sign == '!'}
	s.name, s.as, _ = strings.Cut(strings.TrimLeft(text, "+-!"), "=")
	return s
}

// parameters returns those of a verb: the selected ones, or if none is to be taken all that the
// module has, but for how to sign, which its functions are told by `with-signing`.
func parameters(verb string, selectors []string) ([]parameter, error) {
	declared, ok := declaring[verb]
	if !ok {
		return nil, fmt.Errorf("no verb %q", verb)
	}
	some, by := false, map[string]selector{}
	for _, text := range selectors {
		s := parse(text)
		by[s.name], some = s, some || s.take
	}
	var list []parameter
	v := declared()
	for _, o := range app.Options(v) {
		if !o.InModule() || verb != "Signing" && ofSigning(v, o) {
			continue
		}
		s, named := by[o.Name]
		delete(by, o.Name)
		if s.leave || some && !named {
			continue
		}
		list = append(list, parameter{Option: o, name: cmp.Or(s.as, goName(o)), required: o.Required || s.required})
	}
	if len(by) > 0 {
		return nil, fmt.Errorf("%s has no options %q", verb, slices.Sorted(maps.Keys(by)))
	}
	slices.SortStableFunc(list, func(a, b parameter) int { return cmp.Compare(rank(a), rank(b)) })
	return list, nil
}

// rank puts what must be given first.
func rank(p parameter) int {
	if p.required {
		return 0
	}
	return 1
}

// ofSigning reports whether an option is one of a verb's own [app.Signing].
func ofSigning(v any, o app.Option) bool {
	s, ok := v.(interface{ HowToSign() *app.Signing })
	return ok && slices.ContainsFunc(app.Options(s.HowToSign()), func(own app.Option) bool { return own.Value == o.Value })
}

// goName returns the name of an option's parameter.
func goName(o app.Option) string {
	if o.Parameter != "" {
		return o.Parameter
	}
	words := strings.Split(o.Name, "-")
	for i, w := range words {
		switch {
		case i == 0:
		case w == "url" || w == "api":
			words[i] = strings.ToUpper(w)
		default:
			words[i] = capital(w)
		}
	}
	return strings.Join(words, "")
}

func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// converted returns the type of a parameter, and the name of the function in main.go that makes
// the option's value from it, "" if it is the value.
func (p parameter) converted() (typ, by string) {
	switch p.Value.(type) {
	case *app.Secret:
		return "*dagger.Secret", "secretOf"
	case *app.File:
		if p.Secret {
			return "*dagger.Secret", "secretFile"
		}
		return "*dagger.File", "file"
	case *app.Directory:
		return "*dagger.Directory", "directory"
	case *string:
		if p.isOptional() {
			return "*string", ""
		}
	}
	return reflect.TypeOf(p.Value).Elem().String(), ""
}

// isOptional reports whether the parameter may be missing and has no default.
func (p parameter) isOptional() bool { return !p.required && p.Default == "" }

// value returns the expression for the option's value.
func (p parameter) value(from string) string {
	if _, by := p.converted(); by != "" {
		return by + "(" + from + ")"
	}
	return from
}

// checked returns the expression for the parameter, which for a text or a list notes that it is
// given but empty.
func (p parameter) checked() string {
	switch p.Value.(type) {
	case *string:
		at := "&"
		if p.isOptional() {
			at = ""
		}
		return fmt.Sprintf("m.text(%q, %s)", p.Name, at+p.name)
	case *[]string:
		return fmt.Sprintf("m.list(%q, %s)", p.Name, p.name)
	}
	return p.name
}

// pragma returns the comment that makes a parameter optional.
func (p parameter) pragma() string {
	_, isText := p.Value.(*string)
	switch {
	case p.required:
		return ""
	case p.isOptional():
		return "\t//\n\t// +optional\n"
	case isText:
		return fmt.Sprintf("\t//\n\t// +default=%q\n", p.Default)
	}
	return "\t//\n\t// +default=" + p.Default + "\n"
}

// params writes the parameters of a function.
func params(verb string, selectors ...string) (string, error) {
	return each(verb, selectors, func(p parameter) string {
		typ, _ := p.converted()
		return console.Sprintf("\t// %s\n", capital(p.ModuleHelp)) + p.pragma() + "\t" + p.name + " " + typ + ",\n"
	})
}

// set writes the assignments of parameters to the fields of the verb v.
func set(verb string, selectors ...string) (string, error) {
	return each(verb, selectors, func(p parameter) string { return "\tv." + p.Field + " = " + p.value(p.checked()) + "\n" })
}

// fields writes the fields of a struct that keeps parameters for other functions.
func fields(verb string) (string, error) {
	return each(verb, nil, func(p parameter) string {
		typ, _ := p.converted()
		if typ == "*string" {
			typ = "string"
		}
		return "\t// +private\n\t" + capital(p.name) + " " + typ + "\n"
	})
}

// given writes the assignments of parameters to those fields, of s.
func given(verb string) (string, error) {
	return each(verb, nil, func(p parameter) string { return "\ts." + capital(p.name) + " = " + p.checked() + "\n" })
}

// keep writes the assignments from those fields, of s, to those of the group v.
func keep(verb string) (string, error) {
	return each(verb, nil, func(p parameter) string { return "\tv." + p.Field + " = " + p.value("s."+capital(p.name)) + "\n" })
}

func each(verb string, selectors []string, write func(parameter) string) (string, error) {
	list, err := parameters(verb, selectors)
	var b strings.Builder
	for _, p := range list {
		b.WriteString(write(p))
	}
	return strings.TrimSuffix(b.String(), "\n"), err
}
