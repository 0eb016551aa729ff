"""The sample organization and its HR system: outsiders, who know the wire format and nothing of ours."""
