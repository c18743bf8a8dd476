package worker

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"drydock/workflows"
)

// searchAttributes are what workflows set; a server that does not know one would hold the workflow up for ever.
var searchAttributes = map[string]enumspb.IndexedValueType{
	workflows.AttributeSite:         enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeNode:         enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeTaskType:     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributePhase:        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeDesignDigest: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeFailedNodes:  enumspb.INDEXED_VALUE_TYPE_INT,
}

// registerSearchAttributes adds the attributes that the namespace lacks. Where the worker may not, it says what to run.
func registerSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list the search attributes of namespace %s: %w", namespace, err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, kind := range searchAttributes {
		if got, ok := have.GetCustomAttributes()[name]; !ok {
			missing[name] = kind
		} else if got != kind {
			return fmt.Errorf("search attribute %s of namespace %s is %s, and %s is needed: use another namespace, or remove the attribute",
				name, namespace, got, kind)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("add search attributes to namespace %s: %w: add them with \"temporal operator search-attribute create\": %v",
			namespace, err, missing)
	}
	return nil
}
