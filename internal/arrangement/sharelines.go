package arrangement

import "github.com/docketry/docketry/internal/money"

// ShareLines shares lines among payors whose parts sum to what the lines sum to. The shares
// of a line sum to the line and those of a payor to its part, always: a line is shared in
// the proportion of the parts, rounded down, and each unit that is left over goes to the
// payor that misses most of its part, ties to the payor first in order. No share is further
// from its exact value than one unit, or of another sign than its line. Where the parts sum
// to nothing the lines are shared by otherwise, and its parts are nothing each.
// It returns shares by line and payor; ErrWork where the sums differ.
func ShareLines(lines, parts, otherwise []int64) ([][]int64, error) {
	whole, err := money.Sum(parts...)
	if err != nil {
		return nil, err
	}
	if sum, err := money.Sum(lines...); err != nil || sum != whole {
		return nil, ErrWork.With("the lines come to %d and the payors' parts of them to %d", sum, whole)
	}
	weights := parts
	if whole == 0 {
		weights = otherwise
		if whole, err = money.Sum(otherwise...); err != nil {
			return nil, err
		}
	}
	missing := append([]int64{}, parts...)
	out := make([][]int64, len(lines))
	left := make([]int64, len(lines))
	for l, minor := range lines {
		out[l], left[l] = make([]int64, len(parts)), minor
		for k, w := range weights {
			out[l][k] = money.FloorShare(minor, w, whole)
			left[l] -= out[l][k]
			missing[k] -= out[l][k]
		}
	}
	for l := range lines {
		for had := make([]bool, len(parts)); left[l] > 0; left[l]-- {
			k := neediest(missing, had)
			if k < 0 {
				return nil, ErrWork.With("the payors' parts do not fit the lines")
			}
			had[k] = true
			out[l][k]++
			missing[k]--
		}
	}
	for _, m := range missing {
		if m != 0 {
			return nil, ErrWork.With("the payors' parts do not fit the lines")
		}
	}
	return out, nil
}

// neediest is the payor that misses most and has had nothing of the line yet, -1 for none.
func neediest(missing []int64, had []bool) int {
	best := -1
	for k, m := range missing {
		if m > 0 && !had[k] && (best < 0 || m > missing[best]) {
			best = k
		}
	}
	return best
}
