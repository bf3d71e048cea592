{{/* The name of every object: `helm install trail-operator` gives `trail-operator`. */}}
{{- define "trail-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the Pods. A Deployment's selector is immutable, so nothing that may change belongs here. */}}
{{- define "trail-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "trail-operator.labels" -}}
{{ include "trail-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: trail-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "trail-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "trail-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "trail-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/*
The default account's id, or a sentence that says what is wrong with it. A number of 12 digits has lost nothing: it is what `--set` makes
of an account id. A shorter one has lost the zeros it began with.
*/}}
{{- define "trail-operator.accountId" -}}
{{- $given := .Values.defaultAccount.accountId -}}
{{- $id := kindIs "string" $given | ternary $given (printf "%d" (int64 $given)) -}}
{{- if not $id -}}
{{- fail "defaultAccount.create is true, so defaultAccount.accountId must name the AWS account: 12 digits, such as --set-string defaultAccount.accountId=111122223333" -}}
{{- else if not (regexMatch "^[0-9]{12}$" $id) -}}
{{- if kindIs "string" $given -}}
{{- fail (printf "defaultAccount.accountId must be an AWS account id of 12 digits, but is '%s'" $id) -}}
{{- else -}}
{{- fail (printf "defaultAccount.accountId must be an AWS account id of 12 digits, but is the number %s: YAML reads unquoted digits as a number and drops the zeros it begins with. Put the account id in quotes in the values file, or give it with --set-string defaultAccount.accountId=…" $id) -}}
{{- end -}}
{{- end -}}
{{- $id -}}
{{- end -}}

{{/* The default account's external id, or a sentence: a number of more than 15 digits would come out as another one. */}}
{{- define "trail-operator.externalId" -}}
{{- $given := .Values.defaultAccount.externalId -}}
{{- if not (kindIs "string" $given) -}}
{{- fail "defaultAccount.externalId must be a text: put it in quotes in the values file, or give it with --set-string defaultAccount.externalId=…" -}}
{{- end -}}
{{- if and $given (not .Values.defaultAccount.roleArn) -}}
{{- fail "defaultAccount.externalId belongs to a role: set defaultAccount.roleArn too, or remove it" -}}
{{- end -}}
{{- $given -}}
{{- end -}}

{{/*
Whether this run of Helm may write the CRDs: on upgrade, when Helm alone wrote their spec so far, by server-side apply. Otherwise a hook that
applies them would end in a conflict, or in "already exists", and with it the whole upgrade.
*/}}
{{- define "trail-operator.helmOwnsCrd" -}}
{{- $live := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" . -}}
{{- $owned := "true" -}}
{{- range dig "metadata" "managedFields" list $live -}}
{{- if and (hasKey (default dict .fieldsV1) "f:spec") (not (and (hasPrefix "helm" .manager) (eq .operation "Apply"))) -}}
{{- $owned = "" -}}
{{- end -}}
{{- end -}}
{{- $owned -}}
{{- end -}}
