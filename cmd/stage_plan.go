package cmd

func (a *app) drawPlan(o *scatterOptions, set *stageSet) error { return nil }
