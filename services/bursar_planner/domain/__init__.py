"""The rules of planning. Pure: the same question gives the same plan, figure for figure."""
