package engine

// Tuple is a value that stands for several: the only one that unpacks. A list,
// a struct and a type made of Tuple are one value each.
type Tuple []any

// Unpack returns the arguments that v stands for: the values of a Tuple, none
// for an empty one, or v alone. The result is v's own when v is a Tuple: append
// to it, for further arguments, but do not write to its elements.
func Unpack(v any) Tuple {
	if t, ok := v.(Tuple); ok {
		return t[:len(t):len(t)]
	}
	return Tuple{v}
}

// Whole takes a value as it is; it is for Then, where the pools fit.
func Whole[A any](v A) (A, error) { return v, nil }
