package app

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Option is an option of a verb, as the tags of its field declare it:
//
//	name       its name, as in --name
//	help       what it is, in which <…> marks what its value is called
//	module     the same for the module, where it differs
//	default    its default value
//	env        a variable that the command takes the default from
//	required   "true" if it must be given
//	list       "comma" if one value may hold several names
//	complete   what a shell completes it with: "crates", or the values
//	parameter  its name in the module, if it does not follow from name
//	secret     "true" for a file that is a secret of the module
//	only       the front end that has it: "command", or "module", for which the command reads
//	           the variable; "environment" if neither asks for it. Without it both do.
//
// The tag "only" of an embedded struct holds for all its options; "setup" means that the caller
// of the module's functions sets them once for all.
type Option struct {
	Name, Default, Env, Complete, Parameter string
	Help, ModuleHelp                        string
	Required, Comma, Secret                 bool
	Only                                    string
	Field                                   string // the selector of the verb's field
	Value                                   any    // a pointer to the field
}

// InCommand reports whether the command has a flag for the option.
func (o Option) InCommand() bool { return o.Only == "" || o.Only == "command" }

// InModule reports whether the module's functions have a parameter for the option.
func (o Option) InModule() bool { return o.Only == "" || o.Only == "module" }

// Options returns the options of a verb, or of a group of options, given by a pointer.
func Options(of any) []Option {
	var list []Option
	walk(reflect.ValueOf(of).Elem(), place{}, func(f reflect.StructField, v reflect.Value, at place) {
		if name, ok := f.Tag.Lookup("name"); ok {
			list = append(list, declared(name, f, v, at))
		}
	})
	return list
}

// place is where a field is declared.
type place struct {
	path string // of selectors
	only string
}

// walk calls visit for each field of a struct and of those embedded in it.
func walk(v reflect.Value, at place, visit func(f reflect.StructField, v reflect.Value, at place)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		here := place{at.path + f.Name, cmp.Or(at.only, f.Tag.Get("only"))}
		if f.Anonymous {
			here.path += "."
			walk(v.Field(i), here, visit)
			continue
		}
		visit(f, v.Field(i), here)
	}
}

func declared(name string, f reflect.StructField, v reflect.Value, at place) Option {
	tag := f.Tag
	o := Option{
		Name: name, Default: tag.Get("default"), Complete: tag.Get("complete"), Parameter: tag.Get("parameter"), Help: tag.Get("help"), ModuleHelp: tag.Get("module"),
		Required: tag.Get("required") == "true", Comma: tag.Get("list") == "comma", Secret: tag.Get("secret") == "true",
		Only: at.only, Field: at.path, Value: v.Addr().Interface(),
	}
	o.Env = tag.Get("env")
	if o.ModuleHelp == "" {
		o.ModuleHelp = strings.NewReplacer("<", "", ">", "").Replace(o.Help)
	}
	return o
}

// given reports whether the option has a value other than none.
func (o Option) given() bool {
	if v, ok := o.Value.(*Directory); ok {
		return v.Set
	}
	return !reflect.ValueOf(o.Value).Elem().IsZero()
}

// Exclusive returns the sets of options of which one excludes the others, and Together those of
// which one requires the others.
func Exclusive(of any) [][]string { return rules(of, "exclusive") }

// Together is described at [Exclusive].
func Together(of any) [][]string { return rules(of, "together") }

func rules(of any, tag string) (sets [][]string) {
	walk(reflect.ValueOf(of).Elem(), place{}, func(f reflect.StructField, _ reflect.Value, _ place) {
		if names := f.Tag.Get(tag); names != "" {
			sets = append(sets, strings.Split(names, ","))
		}
	})
	return sets
}

// Check returns an error if the options of a verb exclude or lack each other. The command's
// flags are checked before they are values.
func Check(v any) error {
	given := map[string]bool{}
	for _, o := range Options(v) {
		given[o.Name] = o.given()
	}
	isGiven := func(name string) bool { return given[name] }
	for _, set := range Exclusive(v) {
		if both := slices.DeleteFunc(slices.Clone(set), func(n string) bool { return !given[n] }); len(both) > 1 {
			return fmt.Errorf("checking --%s: it is given together with --%s: expected only one of them", both[0], strings.Join(both[1:], ", --"))
		}
	}
	for _, set := range Together(v) {
		if slices.ContainsFunc(set, isGiven) && slices.ContainsFunc(set, func(n string) bool { return !given[n] }) {
			return fmt.Errorf("checking --%s: expected all of --%s, or none", set[0], strings.Join(set, ", --"))
		}
	}
	return nil
}
