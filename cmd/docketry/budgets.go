package main

// budgets lists the speed budgets of DESIGN 9 that this version can measure.
func budgets() []budget {
	return nil
}
